package org.duett.replicator.resync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.replicator.volume.AttachedVolume.CONNECTION;
import static org.duett.replicator.volume.AttachedVolume.releasedAmong;
import static org.duett.replicator.volume.AttachedVolume.sentAmong;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.List;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.DiskOperation.Kind;
import org.duett.replicator.machine.Errno;
import org.duett.replicator.machine.ResyncBlock;
import org.duett.replicator.state.Role;
import org.duett.replicator.wire.IntegrityAlgorithm;
import org.duett.replicator.wire.Packet.BlockAck;
import org.duett.replicator.wire.Packet.BlockRequest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Blocks that a host writes to while they are asked for, and blocks that are compared by digest. */
class ResyncTargetBesideWritesTest extends ResyncTargetFixture {
    // ---- beside writes of a host

    /** The reply may be older than such a write. */
    @Test
    void onAPrimaryItsOwnWritesKeepAwayFromWhatWasAskedFor() {
        role(Role.PRIMARY);
        bitmap().setRange(8, 10);
        start();
        asked();
        HostsWrite write = new HostsWrite(9, 1);
        assertThat(world.volume.overlap().enter(write)).isFalse();
        replyAndWrite(8, 2 * BLOCK);
        assertThat(world.volume.overlap().pollUnblocked()).isSameAs(write);
    }

    @Test
    void onAPrimaryABlockThatIsBeingWrittenIsAskedForAfterwards() {
        role(Role.PRIMARY);
        HostsWrite write = new HostsWrite(9, 1);
        world.volume.overlap().enter(write);
        bitmap().setRange(8, 10);
        start();
        assertThat(asked()).isEmpty();
        assertThat(target.inWork()).isEqualTo(1);
        assertThat(target.oldestUnansweredNanos()).as("it was not asked for").isEqualTo(Long.MAX_VALUE);
        assertThat(target.replied(reply(8, 2 * BLOCK), world.out)).isFalse();
        world.actions();
        world.volume.overlap().leave(write);
        target.nothingOverlaps((ResyncBlock) world.volume.overlap().pollUnblocked(), world.out);
        assertThat(asked()).containsExactly("8+2");
        replyAndWrite(8, 2 * BLOCK);
        assertThat(target.isThrough()).isTrue();
    }

    /** The source orders its host's writes and its replies on one socket: only what is being written at this moment is in the way. */
    @Test
    void onASecondaryABlockIsKeptOnlyWhileItIsWritten() {
        bitmap().setRange(8, 10);
        start();
        asked();
        HostsWrite write = new HostsWrite(9, 1);
        assertThat(world.volume.overlap().enter(write)).isTrue();
        assertThat(target.replied(reply(8, 2 * BLOCK), world.out)).isTrue();
        assertThat(world.ordered()).as("it waits for the write").isEmpty();
        HostsWrite later = new HostsWrite(8, 1);
        assertThat(world.volume.overlap().enter(later)).isFalse();
        world.volume.overlap().leave(write);
        ResyncBlock block = (ResyncBlock) world.volume.overlap().pollUnblocked();
        target.nothingOverlaps(block, world.out);
        written(world.orderedOne(), 0);
        assertThat(world.volume.overlap().pollUnblocked()).isSameAs(later);
        assertThat(target.isThrough()).isTrue();
    }

    @Test
    void whoIsPromotedKeepsItsWritesAwayFromWhatWasAskedForBefore() {
        bitmap().setRange(8, 10);
        bitmap().setRange(16, 17);
        bitmap().setRange(32, 33);
        start();
        asked();
        HostsWrite present = new HostsWrite(16, 1);
        assertThat(world.volume.overlap().enter(present)).isTrue();
        DiskOperation underWay = writeOf(32, BLOCK);
        role(Role.PRIMARY);
        target.roleChanged(world.out);
        target.roleChanged(world.out);
        assertThat(world.volume.overlap().enter(new HostsWrite(9, 1))).isFalse();
        assertThat(target.replied(reply(16, BLOCK), world.out)).isTrue();
        assertThat(world.ordered()).as("behind the write").isEmpty();
        world.volume.overlap().leave(present);
        ResyncBlock block = (ResyncBlock) world.volume.overlap().pollUnblocked();
        target.nothingOverlaps(block, world.out);
        written(world.orderedOne(), 0);
        written(underWay, 0);
        replyAndWrite(8, 2 * BLOCK);
        assertThat(target.isThrough()).isTrue();
        assertThat(world.volume.overlap().pollUnblocked().firstSector).isEqualTo(72);
    }

    @Test
    void whoIsDemotedKeepsNothingAwayAndAsksForWhatHadToWait() {
        role(Role.PRIMARY);
        HostsWrite present = new HostsWrite(16, 1);
        world.volume.overlap().enter(present);
        bitmap().setRange(8, 10);
        bitmap().setRange(16, 17);
        start();
        assertThat(asked()).containsExactly("8+2");
        role(Role.SECONDARY);
        target.roleChanged(world.out);
        assertThat(asked()).containsExactly("16+1");
        assertThat(world.volume.overlap().presentUsers()).isEqualTo(1);
        assertThat(world.volume.overlap().behindUsers()).isZero();
        world.volume.overlap().leave(present);
        replyAndWrite(8, 2 * BLOCK);
        replyAndWrite(16, BLOCK);
        assertThat(target.isThrough()).isTrue();
    }

    @ParameterizedTest
    @EnumSource(value = Role.class, names = {"PRIMARY", "SECONDARY"})
    void whatIsBrokenOffIsInNobodysWay(Role role) {
        role(role);
        HostsWrite present = new HostsWrite(16, 1);
        world.volume.overlap().enter(present);
        bitmap().setRange(8, 10);
        bitmap().setRange(16, 17);
        start();
        target.stop();
        assertThat(target.inWork()).isZero();
        assertThat(world.volume.overlap().presentUsers()).isEqualTo(1);
        assertThat(world.volume.overlap().behindUsers()).isZero();
    }

    // ---- by digest

    private void byDigest() {
        target = new ResyncTarget(world.volume, Unpooled::buffer, FAST, 100_000, IntegrityAlgorithm.named("sha1"));
    }

    private DiskOperation readOf(long bit, int lengthBytes) {
        DiskOperation read = world.orderedOne();
        assertThat(read.kind).isEqualTo(Kind.READ);
        assertThat(read.area).isEqualTo(DiskOperation.Area.DATA);
        assertThat(read.offsetBytes).isEqualTo(bit * BLOCK);
        assertThat(read.lengthBytes).isEqualTo(lengthBytes);
        return read;
    }

    private List<Action> read(DiskOperation read, int errno) {
        world.answered(read, errno);
        target.readDone((ResyncBlock) read.owner, world.out);
        return world.actions();
    }

    @Test
    void whatIsHereIsReadAndItsDigestSent() {
        byDigest();
        bitmap().setRange(8, 10);
        start();
        DiskOperation read = readOf(8, 2 * BLOCK);
        read.buffer.setByte(read.bufferIndex + 5000, 1);
        byte[] digest = IntegrityAlgorithm.named("sha1").digest(read.buffer, read.bufferIndex, 2 * BLOCK);
        assertThat(target.replied(reply(8, 2 * BLOCK), world.out)).as("it was not asked for yet").isFalse();
        world.actions();
        ByteBuf buffer = read.buffer;
        List<Action> actions = read(read, 0);
        BlockRequest request = (BlockRequest) sentAmong(actions).getFirst();
        assertThat(request.kind).isEqualTo(BlockRequest.Kind.RESYNC_CHECKSUM);
        assertThat(request.digest).isEqualTo(digest);
        assertThat(range(request.firstSector, request.lengthBytes)).isEqualTo("8+2");
        assertThat(releasedAmong(actions)).containsExactly(buffer);
        assertThat(target.kibRead()).isEqualTo(8);
        assertThat(target.inSync(ack(BlockAck.Kind.IN_SYNC, 8, 2 * BLOCK), world.out)).isTrue();
        assertThat(target.isThrough()).isTrue();
    }

    /** Found by seed 1922358: what its host wrote before the reply came was overwritten by that (promise 1). */
    @Test
    void whoIsPromotedKeepsItsWritesAwayFromWhatIsBeingReadForItsDigest() {
        byDigest();
        bitmap().setRange(8, 10);
        start();
        DiskOperation read = readOf(8, 2 * BLOCK);
        role(Role.PRIMARY);
        target.roleChanged(world.out);
        HostsWrite later = new HostsWrite(9, 1);
        assertThat(world.volume.overlap().enter(later)).isFalse();
        read(read, 0);
        replyAndWrite(8, 2 * BLOCK);
        assertThat(world.volume.overlap().pollUnblocked()).isSameAs(later);
        assertThat(target.isThrough()).isTrue();
    }

    @Test
    void whatIsReadForItsDigestBehindAWriteIsReadOnceAndWrittenAfterThat() {
        byDigest();
        bitmap().setRange(8, 10);
        start();
        DiskOperation read = readOf(8, 2 * BLOCK);
        HostsWrite present = new HostsWrite(9, 1);
        world.volume.overlap().enter(present);
        role(Role.PRIMARY);
        target.roleChanged(world.out);
        world.volume.overlap().leave(present);
        target.nothingOverlaps((ResyncBlock) world.volume.overlap().pollUnblocked(), world.out);
        assertThat(world.actions()).isEmpty();
        role(Role.SECONDARY);
        target.roleChanged(world.out);
        assertThat(world.actions()).isEmpty();
        assertThat(sentAmong(read(read, 0))).hasSize(1);
        replyAndWrite(8, 2 * BLOCK);
        assertThat(target.isThrough()).isTrue();
        assertThat(world.volume.overlap().presentUsers()).isZero();
    }

    @Test
    void whatCannotBeReadHereIsFetchedWhole() {
        byDigest();
        bitmap().setRange(8, 10);
        start();
        List<Action> actions = read(readOf(8, 2 * BLOCK), Errno.EIO);
        assertThat(askedAmong(actions)).containsExactly("8+2");
        assertThat(releasedAmong(actions)).hasSize(1);
        assertThat(target.kibRead()).isZero();
        replyAndWrite(8, 2 * BLOCK);
        assertThat(target.isThrough()).isTrue();
    }

    @Test
    void aReadThatEndsAfterTheResyncAsksForNothing() {
        byDigest();
        role(Role.PRIMARY);
        bitmap().setRange(8, 10);
        start();
        DiskOperation read = readOf(8, 2 * BLOCK);
        target.stop();
        assertThat(target.inWork()).isEqualTo(1);
        List<Action> actions = read(read, 0);
        assertThat(sentAmong(actions)).isEmpty();
        assertThat(releasedAmong(actions)).hasSize(1);
        assertThat(target.inWork()).isZero();
        assertThat(world.volume.overlap().presentUsers()).isZero();
    }

    @Test
    void aReadOfAnEarlierConnectionAsksForNothingInThisOne() {
        byDigest();
        role(Role.SECONDARY);
        bitmap().setRange(8, 10);
        target.start(CONNECTION - 1, SECOND, false, world.out);
        DiskOperation earlier = readOf(8, 2 * BLOCK);
        target.stop();
        start();
        DiskOperation now = readOf(8, 2 * BLOCK);
        assertThat(sentAmong(read(earlier, 0))).isEmpty();
        assertThat(sentAmong(read(now, 0))).hasSize(1);
    }
}
