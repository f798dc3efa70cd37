package org.duett.replicator.volume;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.duett.replicator.activitylog.ActivityLog;
import org.duett.replicator.bitmap.DirtyBitmap;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.ActionQueue;
import org.duett.replicator.machine.BackingDisk.Geometry;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.ResourceSettings.OnIoError;
import org.duett.replicator.machine.ResourceSettings.OnReadError;
import org.duett.replicator.machine.ResourceSettings.ResyncSettings;
import org.duett.replicator.machine.ResourceSettings.VolumeSettings;
import org.duett.replicator.metadata.MetadataKind;
import org.duett.replicator.metadata.MetadataLayout;
import org.duett.replicator.metadata.Superblock;
import org.duett.replicator.state.StatePolicies.Fencing;
import org.duett.replicator.state.VolumeState;
import org.duett.replicator.wire.Packet;

/** A volume as its attach leaves it, with metadata on a device of its own: what it orders of the disk and sends is kept, and the test answers. */
public final class AttachedVolume implements AutoCloseable {
    public static final int CONNECTION = 9;
    public static final long DATA_BYTES = 64L << 30;
    private static final long METADATA_BYTES = 8 << 20;

    public final Volume volume;
    public final ActionQueue out;
    public final MetadataLayout layout = MetadataLayout.of(new MetadataKind.FlexExternal(), METADATA_BYTES);

    public AttachedVolume(long sectors) {
        this(sectors, settings -> settings);
    }

    public AttachedVolume(long sectors, UnaryOperator<VolumeSettings> change) {
        this(new Volume(change.apply(usualSettings()), Unpooled::buffer), sectors, new ActionQueue());
    }

    /** One of several, which share what is ordered. */
    public AttachedVolume(Volume volume, long sectors, ActionQueue out) {
        this.volume = volume;
        this.out = out;
        attach(sectors);
    }

    public static VolumeSettings usualSettings() {
        return new VolumeSettings(2, new MetadataKind.FlexExternal(), 0, 67, true, Fencing.DONT_CARE, OnIoError.DETACH, OnReadError.REPAIR, true, true, 0,
                new ResyncSettings(0, 0, 0, 0, 0, 0));
    }

    public static UnaryOperator<VolumeSettings> flushes(boolean disk, boolean metadata) {
        return s -> new VolumeSettings(s.number(), s.metadataKind(), s.sizeLimitSectors(), s.activityLogExtents(), s.activityLogUpdates(), s.fencing(), s.onIoError(),
                s.onReadError(), disk, metadata, s.diskTimeoutMillis(), s.resync());
    }

    public void attach(long sectors) {
        volume.beginAttach();
        volume.diskOpened(new Geometry(DATA_BYTES, METADATA_BYTES, false, 512, 4096, true));
        volume.adopt(layout, Superblock.created(layout, 77, 0).withLastAgreedSectors(sectors));
        volume.adopt(new DirtyBitmap(sectors), new ActivityLog(volume.settings.activityLogExtents()), sectors);
    }

    public void commit(VolumeState state) {
        volume.commit(state, "the test says so");
    }

    /** What it ordered of the disk since anything was asked. */
    public List<DiskOperation> ordered() {
        return orderedAmong(actions());
    }

    public DiskOperation orderedOne() {
        List<DiskOperation> operations = ordered();
        assertThat(operations).hasSize(1);
        return operations.getFirst();
    }

    /** All that it ordered since anything was asked. */
    public List<Action> actions() {
        List<Action> actions = new ArrayList<>();
        for (int i = 0; i < out.size(); i++) actions.add(out.get(i));
        out.clear();
        return actions;
    }

    /** What it sent since anything was asked. */
    public List<Packet> sent() {
        return sentAmong(actions());
    }

    public static List<Packet> sentAmong(List<Action> actions) {
        List<Packet> packets = new ArrayList<>();
        for (Action action : actions) {
            if (!(action instanceof Action.SendPacket send)) continue;
            assertThat(send.connection).isEqualTo(CONNECTION);
            packets.add(send.packet);
        }
        return packets;
    }

    public static boolean isBitmap(Packet packet) {
        return packet instanceof Packet.CompressedBitmap || packet instanceof Packet.PlainBitmap;
    }

    public static List<ByteBuf> releasedAmong(List<Action> actions) {
        return actions.stream().filter(Action.ReleasePayload.class::isInstance).map(action -> ((Action.ReleasePayload) action).payload).toList();
    }

    public static List<DiskOperation> orderedAmong(List<Action> actions) {
        return actions.stream().filter(Action.StartDiskOperation.class::isInstance).map(action -> ((Action.StartDiskOperation) action).operation).toList();
    }

    /** The device has carried it out; whoever ordered it is told by the test. */
    public void answered(DiskOperation operation, int errno) {
        operation.errno = errno;
        volume.answered(operation);
    }

    /** The metadata device answers. */
    public void metadataAnswers(DiskOperation operation, int errno) {
        answered(operation, errno);
        volume.metadata().diskDone(operation, out);
    }

    /** It answers all that is ordered, and what is ordered then; the superblock that was written last, if any was. */
    public Superblock metadataAnswersAll() {
        Superblock superblock = null;
        for (List<DiskOperation> operations = ordered(); !operations.isEmpty(); operations = ordered()) {
            for (DiskOperation operation : operations) {
                if (isSuperblock(operation)) superblock = Superblock.decode(operation.buffer, operation.bufferIndex);
                metadataAnswers(operation, 0);
            }
        }
        return superblock;
    }

    public boolean isSuperblock(DiskOperation operation) {
        return operation.kind == DiskOperation.Kind.WRITE && operation.area == DiskOperation.Area.METADATA && operation.offsetBytes == layout.superblockByte();
    }

    /** As a superblock that is written now has it. */
    public Superblock writtenNow() {
        ByteBuf block = Unpooled.buffer(Superblock.BYTES);
        volume.marks().encode(block);
        volume.marks().written();
        return Superblock.decode(block, 0);
    }

    @Override
    public void close() {
        volume.bitmap().close();
    }
}
