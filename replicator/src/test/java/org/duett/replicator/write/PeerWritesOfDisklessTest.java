package org.duett.replicator.write;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.replicator.volume.AttachedVolume.CONNECTION;
import static org.duett.replicator.volume.AttachedVolume.orderedAmong;
import static org.duett.replicator.volume.AttachedVolume.releasedAmong;

import io.netty.buffer.ByteBuf;
import java.util.List;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.PeerWrite;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.volume.AttachedVolume;
import org.duett.replicator.wire.DataFlags;
import org.duett.replicator.wire.Packet;
import org.duett.replicator.wire.Packet.BlockAck;
import org.junit.jupiter.api.Test;

/** What a Primary without a disk writes here: named and logged as a Primary's own (rule 6). */
class PeerWritesOfDisklessTest extends PeerWriteFixture {
    private void logMarkIsDurable() {
        world.volume.metadata().writeSuperblock(null, world.out);
        world.metadataAnswersAll();
        assertThat(world.volume.marks().logMarkDurable()).isTrue();
    }

    private PeerWrite hot() {
        world.volume.metadata().writeLogTransaction(world.out);
        world.metadataAnswersAll();
        return (PeerWrite) world.volume.log().pollReady();
    }

    @Test
    void whatItWritesIsMarkedAndLogged() {
        world.commit(DUTY);
        logMarkIsDurable();
        assertThat(orderedAmong(arrives(8, 2))).isEmpty();
        assertThat(bitmap().countRange(8, 10)).isEqualTo(2);
        PeerWrite write = hot();
        path.extentIsHot(world.volume, write, world.out);
        DiskOperation operation = world.orderedOne();
        assertThat(operation.offsetBytes).isEqualTo(8 * BLOCK);
        assertThat(path.writesOnlyHereAreThrough(world.volume)).isFalse();
        oneAck(diskAnswers(operation, 0), BlockAck.Kind.WRITE_ACK);
        assertThat(path.writesOnlyHereAreThrough(world.volume)).isTrue();
        assertThat(world.volume.log().referencesInUse()).isZero();
        assertThat(bitmap().setBits()).isEqualTo(2);
    }

    @Test
    void nothingIsWrittenBeforeTheSuperblockSaysThatTheLogCounts() {
        world.commit(DUTY);
        assertThat(arrives(8, 2)).isEmpty();
        path.checkMarks(world.out);
        assertThat(world.volume.log().waiting()).isZero();
        logMarkIsDurable();
        path.checkMarks(world.out);
        assertThat(world.volume.log().waiting()).isEqualTo(1);
        path.extentIsHot(world.volume, hot(), world.out);
        assertThat(world.ordered()).hasSize(1);
    }

    @Test
    void norBeforeOurGenerationForItIsOnDisk() {
        world.commit(DUTY);
        logMarkIsDurable();
        world.volume.marks().generationForPeerBegins();
        arrives(8, 2);
        path.checkMarks(world.out);
        assertThat(world.volume.log().waiting()).isZero();
        world.volume.marks().generationForPeerIsThrough();
        path.checkMarks(world.out);
        assertThat(world.volume.log().waiting()).isEqualTo(1);
    }

    @Test
    void whoWaitsForThatIsRefusedWhenTheDiskGoes() {
        world.commit(DUTY);
        arrives(8, 2);
        world.volume.stopUsingDisk(world.out);
        world.actions();
        path.checkMarks(world.out);
        oneAck(world.actions(), BlockAck.Kind.NEGATIVE_ACK);
        assertThat(path.writesInWork()).isZero();
    }

    /** It has attached its disk since, and its bitmap does not name what it wrote before. */
    @Test
    void whatItWroteWithoutADiskIsMarkedAlsoWhenItHasOneSince() {
        HostsOrOthers present = new HostsOrOthers();
        world.commit(DUTY);
        logMarkIsDurable();
        assertThat(arrives(8, 2)).isEmpty();
        world.commit(MIRRORED);
        world.volume.overlap().leave(present.user);
        path.nothingOverlaps(world.volume, (PeerWrite) world.volume.overlap().pollUnblocked(), world.out);
        assertThat(bitmap().countRange(8, 10)).isEqualTo(2);
        assertThat(world.volume.marks().keepsLogOfPeer()).as("until the bitmap on disk names it").isTrue();
        world.metadataAnswersAll();
        assertThat(world.volume.marks().keepsLogOfPeer()).isFalse();
        assertThat(world.volume.log().waiting()).isEqualTo(1);
    }

    @Test
    void thenTheSuperblockSaysSoAnew() {
        HostsOrOthers present = new HostsOrOthers();
        world.commit(DUTY);
        arrives(8, 2);
        world.commit(MIRRORED);
        world.volume.overlap().leave(present.user);
        path.nothingOverlaps(world.volume, (PeerWrite) world.volume.overlap().pollUnblocked(), world.out);
        assertThat(world.isSuperblock(world.out.size() == 1 ? peekOrdered() : null)).isTrue();
        path.checkMarks(world.out);
        assertThat(world.volume.log().waiting()).as("it is not on disk").isZero();
        world.metadataAnswers(world.ordered().getFirst(), 0);
        path.checkMarks(world.out);
        assertThat(world.volume.log().waiting()).isEqualTo(1);
    }

    /** Before it could be written that the log counts, the Primary had a disk again. */
    @Test
    void whoWaitsForTheMarkHasItKeptForHim() {
        world.commit(DUTY);
        assertThat(arrives(8, 2)).isEmpty();
        world.commit(MIRRORED);
        assertThat(world.volume.marks().keepsLogOfPeer()).isFalse();
        path.checkMarks(world.out);
        assertThat(world.volume.marks().keepsLogOfPeer()).isTrue();
    }

    /** Found by seed 1730989: the bitmap on disk named its block already; the mark was taken back as soon as it was there, and asked for again, for ever. */
    @Test
    void whoWaitsForTheMarkGoesOnBeforeItIsTakenBack() {
        try (AttachedVolume other = new AttachedVolume(SECTORS, AttachedVolume.flushes(false, false))) {
            path = new PeerWritePath(List.of(other.volume), SLOTS, PAYLOAD_BYTES);
            path.connected(CONNECTION);
            other.volume.bitmap().setRange(8, 10);
            other.volume.metadata().writeBitmap(null, other.out);
            other.commit(DUTY);
            other.metadataAnswersAll();
            other.commit(MIRRORED.withPeerDisk(DiskState.DISKLESS).withPeer(Role.SECONDARY));
            other.metadataAnswersAll();
            path.arrived(other.volume, data(8, 2, DataFlags.SEND_WRITE_ACK), other.out);
            other.commit(MIRRORED);
            for (int events = 0; events < 20; events++) {
                if (other.volume.marks().isStale()) other.volume.metadata().writeSuperblock(null, other.out);
                path.checkMarks(other.out);
                other.ordered().forEach(operation -> other.metadataAnswers(operation, 0));
            }
            assertThat(other.volume.log().waiting()).isEqualTo(1);
            assertThat(other.volume.marks().isStale()).isFalse();
        }
    }

    @Test
    void aLongZeroingIsLoggedExtentByExtent() {
        world.commit(DUTY);
        logMarkIsDurable();
        path.arrived(world.volume, zeroing(Packet.Zeroing.Kind.TRIM, 0, 2 * 8192, 0), world.out);
        for (int extent = 0; extent < 2; extent++) {
            PeerWrite write = hot();
            assertThat(write.firstSector).isEqualTo(extent * 8192L);
            path.extentIsHot(world.volume, write, world.out);
            diskAnswers(world.orderedOne(), 0);
            assertThat(world.volume.log().referencesInUse()).isEqualTo(1 - extent);
        }
        assertThat(bitmap().setBits()).isEqualTo(2048);
        assertThat(path.writesInWork()).isZero();
    }

    /** Found by reasoning: a kernel may send it, and a crash then would have left the second extent unnamed (promise 4). */
    @Test
    void aWriteAcrossTwoExtentsIsLoggedInBoth() {
        world.commit(DUTY);
        logMarkIsDurable();
        Packet.Data data = data(1023, 2, 0);
        path.arrived(world.volume, data, world.out);
        for (int part = 0; part < 2; part++) {
            PeerWrite write = hot();
            assertThat(write.firstSector).isEqualTo((1023 + part) * 8L);
            path.extentIsHot(world.volume, write, world.out);
            DiskOperation operation = world.orderedOne();
            assertThat(operation.lengthBytes).isEqualTo(4096);
            assertThat(operation.buffer).isSameAs(data.payload);
            assertThat(operation.bufferIndex).isEqualTo(part * 4096);
            diskAnswers(operation, 0);
        }
        assertThat(bitmap().setBits()).isEqualTo(2);
        assertThat(path.writesInWork()).isZero();
        assertThat(world.volume.log().referencesInUse()).isZero();
    }

    private DiskOperation peekOrdered() {
        return ((Action.StartDiskOperation) world.out.get(0)).operation;
    }

    /** Another one's work on the first blocks. */
    private final class HostsOrOthers {
        final Other user = new Other(8, 1);

        HostsOrOthers() {
            assertThat(world.volume.overlap().enter(user)).isTrue();
        }
    }

    @Test
    void payloadsAreReleasedOnce() {
        Packet.Data data = data(8, 1, 0);
        List<ByteBuf> released = releasedAmong(diskAnswers(arrives(data)));
        assertThat(released).containsExactly(data.payload);
        path.connectionLost(world.out);
        assertThat(releasedAmong(world.actions())).isEmpty();
    }
}
