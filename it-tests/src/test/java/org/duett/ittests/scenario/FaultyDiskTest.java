package org.duett.ittests.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.duett.bench.device.FaultyDevice;
import org.duett.bench.device.FaultyDevice.Operation;
import org.duett.bench.device.FaultyDevice.Where;
import org.duett.bench.host.Requirement;
import org.duett.bench.target.NbdClient;
import org.duett.ittests.node.ReplicatedPair;
import org.duett.ittests.node.ReplicatorProcess;
import org.duett.replicator.control.ControlReply;
import org.duett.replicator.control.ControlRequest;
import org.duett.replicator.machine.Command;
import org.junit.jupiter.api.Test;

/** Needs root, loop devices, FUSE and nbdfuse: a disk goes wrong under load; nothing acknowledged is lost, and it comes back by bitmap. */
class FaultyDiskTest extends PairScenario {

    private static final long ATTACH_LIMIT_MILLIS = 60_000;

    /** How a disk goes wrong. */
    private enum Fault {
        DEAD {
            @Override
            void strike(FaultyDevice disk, long dataBytes) {
                disk.fail(Where.all(Operation.READ, Operation.WRITE, Operation.ZERO, Operation.FLUSH), FaultyDevice.EIO);
            }
        },
        FULL {
            @Override
            void strike(FaultyDevice disk, long dataBytes) {
                disk.fail(Where.all(Operation.WRITE, Operation.ZERO).inBytes(0, dataBytes), FaultyDevice.ENOSPC);
            }
        },
        CANNOT_FLUSH {
            @Override
            void strike(FaultyDevice disk, long dataBytes) {
                disk.fail(Where.all(Operation.FLUSH), FaultyDevice.EIO);
            }
        },
        HUNG {
            @Override
            void strike(FaultyDevice disk, long dataBytes) {
                disk.hang(Where.all(Operation.READ, Operation.WRITE, Operation.ZERO, Operation.FLUSH));
            }
        };

        abstract void strike(FaultyDevice disk, long dataBytes);
    }

    @Override
    List<Requirement> requirements() {
        return FaultyDevice.requirements();
    }

    /** The service goes on through the peer, as if nothing had been. */
    @Test
    void aPrimaryWhoseDiskGoesWrongGoesOnOverItsPeer() throws IOException {
        FaultyDevice disk = startWithFaultyDiskOf(true);
        for (Fault fault : Fault.values()) {
            load.startOn(pair.export(alpha));
            load.awaitMore(100);
            fault.strike(disk, pair.volume(alpha).sizeBytes());
            assertThat(flush()).as("errno of a FLUSH when the disk is " + fault).isZero();
            pair.await(alpha, "Diskless, for its disk is " + fault, status -> status.volume(0).disk().equals("Diskless"));
            load.awaitMore(100);
            load.stop();
            load.verify(pair.export(alpha));

            disk.heal();
            attachAgain(alpha);
            pair.compareBytes();
            load.verify(pair.export(alpha));
        }
        verifyOnBoth(alpha);
    }

    @Test
    void aSecondaryWhoseDiskGoesWrongDoesNotHoldThePrimaryBack() {
        FaultyDevice disk = startWithFaultyDiskOf(false);
        for (Fault fault : Fault.values()) {
            load.startOn(pair.export(alpha));
            load.awaitMore(100);
            fault.strike(disk, pair.volume(alpha).sizeBytes());
            pair.await(beta, "Diskless, for its disk is " + fault, status -> status.volume(0).disk().equals("Diskless"));
            load.awaitMore(100);
            assertThat(alpha.status(RESOURCE).isProtected()).isFalse();

            disk.heal();
            attachAgain(beta);
            pair.awaitInSync();
            load.stop();
            pair.compareBytes();
        }
        verifyOnBoth(alpha);
    }

    private int flush() throws IOException {
        try (NbdClient client = NbdClient.connect(pair.export(alpha))) {
            return client.flush();
        }
    }

    private FaultyDevice startWithFaultyDiskOf(boolean primary) {
        prepare(ReplicatedPair.Plan.oneVolumeOf(32 * ReplicatedPair.MIB).withDisk("disk-timeout 20;"));
        ReplicatorProcess node = primary ? alpha : beta;
        FaultyDevice disk = keep(FaultyDevice.over(pair.disk(node, 0)));
        pair.putBetween(node, 0, disk.path());
        startPrepared();
        return disk;
    }

    /** What hung is answered only now, and until then the disk is refused: asked until it is not (rule 14). */
    private void attachAgain(ReplicatorProcess node) {
        var attach = new ControlRequest.Order(RESOURCE, new Command.Attach(0));
        long deadlineNanos = System.nanoTime() + ATTACH_LIMIT_MILLIS * 1_000_000;
        while (node.ask(attach) instanceof ControlReply.Refused(_, var report)) {
            boolean perhapsSoon = report.whatHappened().contains("have not come back yet");
            assertThat(perhapsSoon && System.nanoTime() < deadlineNanos).as(report.toString()).isTrue();
            try {
                TimeUnit.MILLISECONDS.sleep(20);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException(e);
            }
        }
    }
}
