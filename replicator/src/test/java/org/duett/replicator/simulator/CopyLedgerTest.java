package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.EnumSet;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.DiskOperation.Kind;
import org.duett.replicator.machine.Errno;
import org.duett.replicator.machine.HostRequest;
import org.duett.replicator.state.VolumeState;
import org.junit.jupiter.api.Test;

/** What the operator of a random life knows of the two copies. */
class CopyLedgerTest {
    static CopyLedger ledgerOf(SimulatedPair pair) {
        var ledger = new CopyLedger(pair);
        pair.observe(new SimulatedPair.Observer() {
            @Override
            public void stateChanged(SimulatedNode node, int volume, VolumeState before, VolumeState after) {
                ledger.stateChanged(node, volume, before, after);
            }

            @Override
            public void completed(SimulatedPair.HostOperation operation) {
                if (operation.errno() == 0 && operation.request.kind == HostRequest.Kind.FLUSH) ledger.flushed(operation.node, operation.request.volume);
                if (operation.errno() == 0 && operation.write != null) ledger.acknowledged(operation.node, operation.request.volume, operation.write);
            }
        });
        return ledger;
    }

    /** Found by seed 11607: its machine lost power later, and the operator promoted it alone. */
    @Test
    void aDiskThatCouldNotFlushLacksWhatIsPromisedThroughThePeer() {
        var pair = SimulatedPair.connected(11607);
        CopyLedger ledger = ledgerOf(pair);
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.alpha().data(0).fail(EnumSet.of(Kind.WRITE, Kind.FLUSH), Errno.EIO);
        pair.done(pair.flush(pair.alpha()));
        assertThat(ledger.isComplete(pair.alpha())).isFalse();
        assertThat(ledger.isComplete(pair.beta())).isTrue();
    }

    @Test
    void aPeerThatWasLostBeforeItFlushedLacksWhatIsPromisedAlone() {
        var pair = SimulatedPair.connected(11608);
        CopyLedger ledger = ledgerOf(pair);
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.kill(pair.beta());
        pair.done(pair.flush(pair.alpha()));
        assertThat(ledger.isComplete(pair.beta())).isFalse();
        assertThat(ledger.isComplete(pair.alpha())).isTrue();
    }

    @Test
    void aDiskThatWasDetachedWithAllThatItHeldLacksNothingByAFlush() {
        var pair = SimulatedPair.connected(11609);
        CopyLedger ledger = ledgerOf(pair);
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.must(pair.alpha(), new Command.Detach(0, false));
        pair.done(pair.flush(pair.alpha()));
        assertThat(ledger.isComplete(pair.alpha())).isTrue();
        assertThat(ledger.isComplete(pair.beta())).isTrue();
    }
}
