package org.duett.replicator.node;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.CommandResult;
import org.duett.replicator.machine.Event;
import org.duett.replicator.resource.ResourceStatus;
import org.duett.replicator.state.StateChangeResult;

/** Who waits for a resource: for the end of a command, or for a state. On the resource's loop. */
final class ResourceTickets {
    private final ResourceLoop loop;
    private final Map<Long, CompletableFuture<CommandResult>> commands = new HashMap<>();
    private final List<Wait> waits = new ArrayList<>();
    private long lastTicket;
    private boolean changed;

    private record Wait(Predicate<ResourceStatus> condition, CompletableFuture<ResourceStatus> future) {
    }

    ResourceTickets(ResourceLoop loop) {
        this.loop = loop;
    }

    void order(Command command, CompletableFuture<CommandResult> future) {
        if (loop.stopReport().isPresent()) {
            future.complete(refusedAsStopped());
            return;
        }
        long ticket = ++lastTicket;
        commands.put(ticket, future);
        loop.deliver(new Event.CommandArrived(ticket, command));
    }

    void finish(long ticket, CommandResult result) {
        CompletableFuture<CommandResult> future = commands.remove(ticket);
        assert future != null : "ticket " + ticket + " is answered twice, or was never given";
        future.complete(result);
    }

    /** The future gets the first status for which the condition holds, maybe at once. */
    void await(Predicate<ResourceStatus> condition, CompletableFuture<ResourceStatus> future) {
        if (loop.stopReport().isPresent()) {
            future.completeExceptionally(new IllegalStateException("the resource has stopped itself"));
            return;
        }
        waits.add(new Wait(condition, future));
        changed = true;
        lookAtWaits();
    }

    void stateChanged() {
        changed = true;
    }

    void lookAtWaits() {
        if (!changed) return;
        changed = false;
        if (waits.isEmpty()) return;
        ResourceStatus status = loop.statusNow();
        for (Iterator<Wait> each = waits.iterator(); each.hasNext();) {
            Wait wait = each.next();
            if (!wait.future().isDone() && wait.condition().test(status)) wait.future().complete(status);
            if (wait.future().isDone()) each.remove();
        }
    }

    /** The core has failed and is not asked any more (rule 25). */
    void stopped() {
        commands.values().forEach(future -> future.complete(refusedAsStopped()));
        commands.clear();
        waits.forEach(wait -> wait.future().completeExceptionally(new IllegalStateException("the resource has stopped itself")));
        waits.clear();
    }

    private CommandResult refusedAsStopped() {
        return new CommandResult.Refused(StateChangeResult.UNKNOWN_ERROR, loop.stopReport().orElseThrow());
    }

    /** The resource goes away: nobody waits for ever. */
    void failAll(String why) {
        IllegalStateException gone = new IllegalStateException(why);
        commands.values().forEach(future -> future.completeExceptionally(gone));
        commands.clear();
        waits.forEach(wait -> wait.future().completeExceptionally(gone));
        waits.clear();
    }
}
