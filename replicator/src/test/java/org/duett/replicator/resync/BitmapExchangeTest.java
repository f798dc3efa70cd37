package org.duett.replicator.resync;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.duett.replicator.activitylog.ActivityLog;
import org.duett.replicator.bitmap.DirtyBitmap;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.ActionQueue;
import org.duett.replicator.machine.ResourceSettings.OnIoError;
import org.duett.replicator.machine.ResourceSettings.OnReadError;
import org.duett.replicator.machine.ResourceSettings.ResyncSettings;
import org.duett.replicator.machine.ResourceSettings.VolumeSettings;
import org.duett.replicator.metadata.MetadataKind;
import org.duett.replicator.state.StatePolicies.Fencing;
import org.duett.replicator.volume.Volume;
import org.duett.replicator.wire.Packet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A bitmap goes to the peer, in plain words and in runs, and is added to its own (spec wire 5.2). */
class BitmapExchangeTest {
    private final List<DirtyBitmap> bitmaps = new ArrayList<>();
    private final ActionQueue out = new ActionQueue();

    @AfterEach
    void giveMemoryBack() {
        bitmaps.forEach(DirtyBitmap::close);
    }

    private Volume volume(long bits) {
        Volume volume = new Volume(new VolumeSettings(2, new MetadataKind.Internal(), 0, 67, true, Fencing.DONT_CARE, OnIoError.DETACH, OnReadError.REPAIR, true, true, 0,
                new ResyncSettings(0, 0, 0, 0, 0, 0)), Unpooled::buffer);
        DirtyBitmap bitmap = new DirtyBitmap(bits * 8);
        bitmaps.add(bitmap);
        volume.adopt(bitmap, new ActivityLog(7), bits * 8);
        return volume;
    }

    /** What was sent since this was asked. */
    private List<Packet> sent() {
        List<Packet> packets = new ArrayList<>();
        for (int i = 0; i < out.size(); i++) {
            Action.SendPacket send = (Action.SendPacket) out.get(i);
            assertThat(send.connection).isEqualTo(9);
            packets.add(send.packet);
        }
        out.clear();
        return packets;
    }

    private static BitmapExchange exchange(Volume volume, boolean runLength) {
        return new BitmapExchange(volume, 9, runLength, DirtyBitmap.WORDS_PER_STEP);
    }

    private static boolean received(BitmapExchange exchange, Packet packet) {
        boolean isGood = exchange.arrived(packet);
        while (isGood && exchange.wantsMergeStep()) isGood = exchange.mergeStep();
        return isGood;
    }

    private static void mark(DirtyBitmap bitmap, double share, long from, long to, Random random) {
        for (long bit = from; bit < to; bit++) {
            if (random.nextDouble() < share) bitmap.setRange(bit, bit + 1);
        }
    }

    /** Bits, share of marks in the first and in the second half: noise goes in plain words, few marks in runs, and both in one transfer. */
    @ParameterizedTest
    @CsvSource({"1,1,1", "64,0.5,0.5", "65,0.5,0.5", "1000,0,0", "40000,0.5,0.5", "70001,0.001,0.5", "70001,0.5,0.001", "32640,0.5,0.5", "65280,0.5,0.5", "1300000,0.5,0.5", "100000,1,1"})
    void whatEitherHadBothHaveAfterIt(long bits, double first, double second) {
        Random random = new Random(bits);
        for (boolean runLength : new boolean[]{false, true}) {
            Volume source = volume(bits);
            Volume target = volume(bits);
            mark(source.bitmap(), first, 0, bits / 2, random);
            mark(source.bitmap(), second, bits / 2, bits, random);
            mark(target.bitmap(), 0.01, 0, Math.min(bits, 5000), random);
            long[] expected = new long[(int) source.bitmap().words()];
            for (int word = 0; word < expected.length; word++) expected[word] = source.bitmap().wordAt(word) | target.bitmap().wordAt(word);
            BitmapExchange sender = exchange(source, runLength);
            BitmapExchange receiver = exchange(target, runLength);
            assertThat(sender.hasBegun()).isFalse();
            sender.startSending(out);
            assertThat(sender.hasBegun()).isTrue();
            int steps = 1;
            while (sender.wantsStep()) {
                assertThat(sender.sent()).isFalse();
                assertThat(out.size()).as("packets in %d steps", steps).isEqualTo(32 * steps);
                sender.sendStep(out);
                steps++;
            }
            assertThat(sender.sent()).isTrue();
            List<Packet> packets = sent();
            long full = packets.stream().filter(packet -> !(packet instanceof Packet.PlainBitmap plain) || plain.words().length > 0).count();
            assertThat(steps).isEqualTo((full + 31) / 32);
            for (Packet packet : packets) {
                assertThat(packet.volume()).isEqualTo(2);
                assertThat(receiver.received()).as("there is more to come").isFalse();
                assertThat(received(receiver, packet)).as(receiver.problem()).isTrue();
                assertThat(receiver.hasBegun()).isTrue();
            }
            assertThat(receiver.received()).isTrue();
            for (int word = 0; word < expected.length; word++) assertThat(target.bitmap().wordAt(word)).isEqualTo(expected[word]);
            assertThat(received(receiver, packets.getLast())).as("after its end").isFalse();
            assertThat(receiver.problem()).contains("after the end");
        }
    }

    /** Also of packets that had to wait behind one of runs (rule 19): a plain one has 32,640 bits. */
    @Test
    void oneStepMergesNoMorePacketsThanItMay() {
        Random random = new Random(1);
        Volume source = volume(20 * 32640);
        Volume target = volume(20 * 32640);
        source.bitmap().setRange(0, 10 * 32640);
        mark(source.bitmap(), 0.5, 10 * 32640, 20 * 32640, random);
        BitmapExchange sender = exchange(source, true);
        sender.startSending(out);
        while (sender.wantsStep()) sender.sendStep(out);
        List<Packet> packets = sent();
        assertThat(packets.stream().filter(Packet.PlainBitmap.class::isInstance)).hasSizeGreaterThan(5);
        BitmapExchange receiver = new BitmapExchange(target, 9, true, 510);
        for (Packet packet : packets) assertThat(receiver.arrived(packet)).isTrue();
        while (receiver.wantsMergeStep()) {
            long before = target.bitmap().setBits();
            assertThat(receiver.mergeStep()).isTrue();
            assertThat(target.bitmap().setBits() - before).isLessThanOrEqualTo(32640);
        }
        assertThat(receiver.received()).isTrue();
        assertThat(target.bitmap().setBits()).isEqualTo(source.bitmap().setBits());
    }

    @Test
    void plainWordsFillTheirPacketsAndAnEmptyOneEndsThem() {
        Volume volume = volume(32640 + 1);
        exchange(volume, false).startSending(out);
        assertThat(sent().stream().map(packet -> ((Packet.PlainBitmap) packet).words().length).toList()).containsExactly(4080, 8, 0);
    }

    @Test
    void runsNeedNoEmptyPacketAtTheirEnd() {
        Volume volume = volume(32640 + 1);
        volume.bitmap().setRange(7, 9);
        exchange(volume, true).startSending(out);
        assertThat(sent()).hasSize(1).allMatch(Packet.CompressedBitmap.class::isInstance);
    }

    @Test
    void aPacketOfAnotherLengthThanIsLeftIsRefusedAndMarksNothing() {
        Volume volume = volume(200);
        for (int length : new int[]{0, 8, 24, 40, 4080}) {
            BitmapExchange receiver = exchange(volume, false);
            byte[] words = new byte[length];
            Arrays.fill(words, (byte) -1);
            assertThat(received(receiver, new Packet.PlainBitmap(2, words))).isFalse();
            assertThat(receiver.problem()).contains("of " + length + " bytes where 32 must come");
            assertThat(receiver.hasBegun()).isFalse();
        }
        assertThat(volume.bitmap().isAllClear()).isTrue();
    }

    @Test
    void bitsBehindTheEndOfTheDeviceAreNoBlocks() {
        Volume volume = volume(70);
        byte[] words = new byte[16];
        Arrays.fill(words, (byte) -1);
        assertThat(received(exchange(volume, false), new Packet.PlainBitmap(2, words))).isTrue();
        assertThat(volume.bitmap().setBits()).isEqualTo(70);
    }

    @Test
    void runsThatCannotBeReadAreRefused() {
        Volume volume = volume(200);
        BitmapExchange receiver = exchange(volume, true);
        assertThat(received(receiver, new Packet.CompressedBitmap(2, new byte[0]))).isFalse();
        assertThat(receiver.problem()).isNotBlank();
        assertThat(receiver.received()).isFalse();
    }
}
