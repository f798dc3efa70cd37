package org.duett.replicator.node;

import org.duett.replicator.clock.BootClock;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import java.security.SecureRandom;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.ActionQueue;
import org.duett.replicator.machine.Event;
import org.duett.replicator.machine.OperatorReport;
import org.duett.replicator.resource.ResourceMachine;
import org.duett.replicator.resource.ResourceStatus;

/**
 * One thread to a resource: delivers events to its core one after the other, time first (rule 10), and has the actions of each performed
 * before the next. Owned by its event loop; whatever happens elsewhere comes through {@link #post}.
 */
final class ResourceLoop {
    private static final long TICK_NANOS = 1_000_000;
    private static final long STALL_NANOS = 1_000_000_000;

    /** Performs an action of the core. */
    interface Performer {
        void perform(Action action);

        /** Behind all actions of an event, and of those that it led to at once. */
        void performed();

        /** The core has failed, and the process goes on without this resource: nothing will be performed any more. */
        void stopped();
    }

    private final String resource;
    private final EventLoop loop;
    private final BootClock clock;
    private final ResourceMachine machine;
    private final FailStop failStop;
    private final SecureRandom random = new SecureRandom();
    private final ActionQueue actions = new ActionQueue();
    private final EventTrace trace = new EventTrace();
    /** Events that came while one was being handled. */
    private final ArrayDeque<Event> waiting = new ArrayDeque<>();
    private final Runnable timerTask = this::timerFired;
    private final Runnable continueTask = () -> deliver(new Event.WorkContinued());
    private Performer performer;

    private boolean working;
    private boolean ended;
    /** The kind of the event that the core could not handle, when that stopped this resource alone; empty: it runs (rule 25). */
    private String stoppedAt = "";
    /** As the core said last, for a core that is not asked any more. */
    private ResourceStatus lastStatus;
    private int randomWanted;
    /** Core time as the core knows it. */
    private long coreNanos = Long.MIN_VALUE;
    /** When the loop was here last. */
    private long lastTurnNanos;
    private ScheduledFuture<?> timer;
    private long timerNanos = Long.MAX_VALUE;

    ResourceLoop(String resource, EventLoop loop, BootClock clock, ResourceMachine machine, FailStop failStop) {
        this.resource = resource;
        this.loop = loop;
        this.clock = clock;
        this.machine = machine;
        this.failStop = failStop;
    }

    /** Before the first event. */
    void performedBy(Performer newPerformer) {
        performer = newPerformer;
    }

    EventLoop eventLoop() {
        return loop;
    }

    /** From any thread. */
    void post(Event event) {
        loop.execute(() -> deliver(event));
    }

    /** On the loop. Also from within a performer: then the event waits until the actions before it are performed. */
    void deliver(Event event) {
        assert loop.inEventLoop();
        assert event != null;
        if (ended) return;
        if (working) {
            waiting.add(event);
        } else {
            work(event);
        }
    }

    /** Tells the core the time, and the event if there is one, and what came from that. */
    private void work(Event eventOrNull) {
        assert !working;
        working = true;
        try {
            if (eventOrNull == null) advanceTime();
            else turn(eventOrNull);
            for (Event next = waiting.poll(); next != null; next = waiting.poll()) {
                turn(next);
            }
            lastTurnNanos = coreNanos;
            performer.performed();
            scheduleTimer();
        } catch (Throwable failure) {
            end();
            failStop.fail(resource, "the core failed", failure, trace);
            stop();
        }
        working = false;
    }

    private void turn(Event event) {
        advanceTime();
        handle(event);
    }

    private void advanceTime() {
        long now = clock.getAsLong();
        if (now - coreNanos < TICK_NANOS && coreNanos != Long.MIN_VALUE) return;
        // Nothing was due before the timer's time: a loop that slept until then did not stall.
        long overdue = now - Math.max(timerNanos, lastTurnNanos);
        boolean stalled = coreNanos != Long.MIN_VALUE && timerNanos != Long.MAX_VALUE && overdue > STALL_NANOS;
        coreNanos = now;
        // Told before time moves: what peer and disk could not show us meanwhile is not held against them.
        if (stalled) handle(new Event.LoopStalled(overdue));
        handle(new Event.TimeAdvanced(now));
    }

    private void handle(Event event) {
        handleOne(event);
        // The stock of random values is filled before anything else can draw on it (rule 29).
        while (randomWanted > 0) {
            long[] values = new long[randomWanted];
            for (int i = 0; i < values.length; i++) values[i] = random.nextLong();
            randomWanted = 0;
            handleOne(new Event.RandomArrived(values));
        }
    }

    private void handleOne(Event event) {
        trace.add(coreNanos, event);
        machine.handle(event, actions);
        trace.handled(actions.size());
        for (int i = 0; i < actions.size(); i++) {
            switch (actions.get(i)) {
                case Action.WantRandom(int count) -> randomWanted += count;
                case Action.ContinueWork() -> loop.execute(continueTask);
                case Action other -> performer.perform(other);
            }
        }
        actions.clear();
    }

    // ---- the timer

    private void scheduleTimer() {
        long deadline = machine.deadlineNanos();
        // A timer that is too early is cheap: it looks again. So one that stands is moved only to an earlier time.
        if (timer != null && timerNanos <= deadline) return;
        if (timer != null) timer.cancel(false);
        timer = null;
        timerNanos = deadline;
        if (deadline == Long.MAX_VALUE) return;
        // Not less than a tick: what was due already has just been told the time.
        long delay = Math.max(TICK_NANOS, deadline - clock.getAsLong());
        timer = loop.schedule(timerTask, delay, TimeUnit.NANOSECONDS);
    }

    private void timerFired() {
        timer = null;
        if (!ended) work(null);
    }

    /** The resource as it is now; on the loop. */
    ResourceStatus status() {
        assert loop.inEventLoop();
        if (!ended && !working) work(null);
        return statusNow();
    }

    /** As {@link #status}, from within a performer: as of the event that is being performed. */
    ResourceStatus statusNow() {
        assert loop.inEventLoop();
        // A core that broke off in the midst of an event is not asked any more: what it would say may be half of the truth.
        if (stoppedAt.isEmpty()) lastStatus = machine.status();
        else if (lastStatus == null) throw new IllegalStateException("resource " + resource + " stopped before its status was known");
        return lastStatus;
    }

    /** The process goes on without this resource (rule 25). */
    private void stop() {
        stoppedAt = trace.lastKind();
        performer.stopped();
    }

    /** The kind of the event at which this resource alone has stopped; empty: it has not. On the loop. */
    String stoppedAt() {
        return stoppedAt;
    }

    /** What a person should know of that; empty: it runs. */
    Optional<OperatorReport> stopReport() {
        if (stoppedAt.isEmpty()) return Optional.empty();
        return Optional.of(new OperatorReport(OperatorReport.Level.ERROR, "Resource " + resource + " has stopped itself: it could not handle the event "
                + stoppedAt + ", at which the other node's daemon had halted before.",
                "Nothing is acknowledged any more, reads and writes wait; all acknowledged writes are where they were acknowledged. The other resources of this node go on.",
                "Send the crash file of the state directory to the developers. The resource runs again when its daemon is started anew, under the failover"
                        + " daemon by: duett cluster recover. What is asked of it first may stop it again; to have that given up, stop what uses the device (duett cluster stop)"));
    }

    /** No event is delivered any more; on the loop. */
    void end() {
        assert loop.inEventLoop();
        ended = true;
        if (timer != null) timer.cancel(false);
        timer = null;
        waiting.clear();
    }
}
