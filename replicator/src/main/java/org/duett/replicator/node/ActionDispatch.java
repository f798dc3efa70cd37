package org.duett.replicator.node;

import io.netty.channel.EventLoop;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.duett.replicator.machine.Action;
import org.duett.replicator.nbd.NbdServer;
import org.duett.replicator.peer.PeerConnections;

/** The one place where an action of the core meets the shell that performs it. On the resource's loop. */
final class ActionDispatch implements ResourceLoop.Performer {
    private final EventLoop loop;
    private final VolumeDisks disks;
    private final PeerConnections peers;
    private final NbdServer nbd;
    private final ResourceEvents events;
    private final ResourceErrands errands;
    private final ResourceTickets tickets;
    /** By volume. */
    private final Map<Integer, Long> servedTerms = new TreeMap<>();
    private final Runnable flushTask = this::flushPeers;
    private boolean flushScheduled;
    private boolean sent;

    ActionDispatch(EventLoop loop, VolumeDisks disks, PeerConnections peers, NbdServer nbd, ResourceEvents events, ResourceErrands errands,
            ResourceTickets tickets) {
        this.loop = loop;
        this.disks = disks;
        this.peers = peers;
        this.nbd = nbd;
        this.events = events;
        this.errands = errands;
        this.tickets = tickets;
    }

    @Override
    public void perform(Action action) {
        switch (action) {
            case Action.StartDiskOperation start -> disks.start(start.operation);
            case Action.SendPacket send -> {
                peers.send(send);
                sent = true;
            }
            case Action.CompleteHostRequest complete -> nbd.complete(complete.request);
            case Action.ReleasePayload release -> release.payload.release();
            case Action.OpenExport(int volume, long term, long sizeBytes, int blockBytes) -> {
                nbd.openExport(volume, term, sizeBytes, blockBytes);
                servedTerms.put(volume, term);
            }
            case Action.CloseExport(int volume) -> {
                nbd.closeExport(volume);
                servedTerms.remove(volume);
            }
            case Action.OpenDisk(int volume, int attach) -> disks.open(volume, attach);
            case Action.CloseDisk(int volume, int attach) -> disks.close(volume, attach);
            case Action.MeasureDisk(int volume, int attach) -> disks.measure(volume, attach);
            case Action.Connect(int connection) -> peers.connect(connection);
            case Action.Disconnect(int connection) -> peers.disconnect(connection);
            case Action.PauseReading(int connection) -> peers.pauseReading(connection);
            case Action.ResumeReading(int connection) -> peers.resumeReading(connection);
            case Action.FinishCommand(long ticket, var result) -> tickets.finish(ticket, result);
            case Action.Report(var report) -> events.reported(report);
            case Action.StateChanged change -> {
                events.changed(change);
                tickets.stateChanged();
            }
            case Action.RunHandler(int run, String handler, int volume) -> errands.runHandler(run, handler, volume);
            case Action.StoreTerm(long term) -> {
                events.termIs(term);
                errands.storeTerm(term);
            }
            case Action.RememberCacheIntact(int volume) -> errands.rememberCacheIntact(volume);
            case Action.LookForAttachedDevices() -> errands.lookForAttachedDevices();
            case Action.WantRandom want -> throw new AssertionError("the loop answers it itself: " + want);
            case Action.ContinueWork work -> throw new AssertionError("the loop answers it itself: " + work);
        }
    }

    /** The term in which a volume is served to clients, if it is. */
    Optional<Long> servedTerm(int volume) {
        return Optional.ofNullable(servedTerms.get(volume));
    }

    @Override
    public void performed() {
        tickets.lookAtWaits();
        if (!sent || flushScheduled) return;
        // At the end of this turn of the loop: many events, one system call. Nothing else runs in between.
        flushScheduled = true;
        loop.execute(flushTask);
    }

    /** The peer hears at once that nobody is here any more; clients wait, as they would for a daemon that has ended. */
    @Override
    public void stopped() {
        peers.close();
        tickets.stopped();
    }

    private void flushPeers() {
        flushScheduled = false;
        sent = false;
        peers.flush();
    }
}
