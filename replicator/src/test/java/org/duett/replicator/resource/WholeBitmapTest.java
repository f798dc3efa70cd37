package org.duett.replicator.resource;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.duett.replicator.bitmap.DirtyBitmap;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.metadata.Superblock;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.VolumeState;
import org.duett.replicator.volume.AttachedVolume;
import org.duett.replicator.volume.Then;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** All bits of a volume are set, or cleared, in steps; a crash in the midst of the setting forgets nothing (rule 19, spec metadata 5.1). */
class WholeBitmapTest {
    private static final long SECTORS = 10 * 64 * DirtyBitmap.SECTORS_PER_BIT;

    private final AttachedVolume world = new AttachedVolume(SECTORS);
    private final WholeBitmap whole = new WholeBitmap(world.volume, 4);
    private final List<String> told = new ArrayList<>();

    @BeforeEach
    void attach() {
        world.commit(VolumeState.of(Role.SECONDARY, Role.UNKNOWN, ConnectionState.STAND_ALONE, DiskState.UP_TO_DATE, DiskState.UNKNOWN));
    }

    @AfterEach
    void giveMemoryBack() {
        world.close();
    }

    private Then tell(String what) {
        return (done, out) -> told.add(what + (done ? " is done" : " is not done"));
    }

    private DirtyBitmap bitmap() {
        return world.volume.bitmap();
    }

    private Superblock superblock(DiskOperation operation) {
        assertThat(world.isSuperblock(operation)).isTrue();
        return Superblock.decode(operation.buffer, operation.bufferIndex);
    }

    @Test
    void theMarkOfAFullSyncStandsOnDiskUntilAllPagesDo() {
        whole.setAll(tell("setting"), world.out);
        assertThat(whole.isSetting()).isTrue();
        assertThat(whole.isClearing()).isFalse();
        DiskOperation operation = world.orderedOne();
        assertThat(superblock(operation).has(Superblock.FULL_SYNC)).isTrue();
        for (int step = 1; step <= 3; step++) {
            assertThat(whole.wantsStep()).isTrue();
            assertThat(bitmap().setBits()).isEqualTo((step - 1) * 4 * 64);
            whole.step(world.out);
        }
        assertThat(whole.wantsStep()).isFalse();
        assertThat(bitmap().isAllSet()).isTrue();
        assertThat(told).isEmpty();
        world.metadataAnswers(operation, 0);
        while (told.isEmpty()) {
            operation = world.orderedOne();
            assertThat(world.isSuperblock(operation)).isFalse();
            assertThat(whole.isSetting()).isTrue();
            world.metadataAnswers(operation, 0);
        }
        assertThat(told).containsExactly("setting is done");
        assertThat(whole.isSetting()).isFalse();
        assertThat(world.volume.fullSyncNeeded()).isFalse();
        assertThat(superblock(world.orderedOne()).has(Superblock.FULL_SYNC)).isFalse();
    }

    @Test
    void clearingNeedsNoDisk() {
        bitmap().setAll();
        whole.clearAll(tell("clearing"), world.out);
        assertThat(whole.isClearing()).isTrue();
        for (int step = 0; step < 3; step++) {
            assertThat(told).isEmpty();
            whole.step(world.out);
        }
        assertThat(told).containsExactly("clearing is done");
        assertThat(bitmap().isAllClear()).isTrue();
        assertThat(whole.isClearing()).isFalse();
        assertThat(whole.wantsStep()).isFalse();
        assertThat(world.actions()).isEmpty();
    }

    @Test
    void whoAsksAgainMeanwhileWaitsForABeginningFromTheStart() {
        whole.setAll(tell("first"), world.out);
        whole.step(world.out);
        bitmap().clearAll();
        whole.setAll(tell("second"), world.out);
        whole.step(world.out);
        assertThat(bitmap().setBits()).isEqualTo(4 * 64);
        whole.step(world.out);
        whole.step(world.out);
        world.metadataAnswersAll();
        assertThat(told).containsExactly("first is done", "second is done");
    }

    /** Its pages may be those of before the second beginning. */
    @Test
    void theEndOfAnEarlierBeginningIsNoneOfThisOne() {
        whole.setAll(tell("first"), world.out);
        for (int step = 0; step < 3; step++) whole.step(world.out);
        whole.setAll(tell("second"), world.out);
        world.metadataAnswersAll();
        assertThat(told).isEmpty();
        assertThat(world.volume.fullSyncNeeded()).isTrue();
        for (int step = 0; step < 3; step++) whole.step(world.out);
        world.metadataAnswersAll();
        assertThat(told).containsExactly("first is done", "second is done");
    }

    @Test
    void whoWantedTheOppositeIsTold() {
        whole.setAll(tell("setting"), world.out);
        whole.step(world.out);
        whole.clearAll(tell("clearing"), world.out);
        assertThat(told).containsExactly("setting is not done");
        for (int step = 0; step < 3; step++) whole.step(world.out);
        assertThat(told).containsExactly("setting is not done", "clearing is done");
        assertThat(bitmap().isAllClear()).isTrue();
    }

    @Test
    void aDiskThatIsLostMeanwhileEndsIt() {
        whole.setAll(tell("setting"), world.out);
        whole.step(world.out);
        world.volume.stopUsingDisk(world.out);
        whole.step(world.out);
        assertThat(told).containsExactly("setting is not done");
        assertThat(whole.wantsStep()).isFalse();
        assertThat(whole.isSetting()).isFalse();
        assertThat(bitmap().setBits()).isEqualTo(4 * 64);
    }

    @Test
    void soDoesAnotherAttach() {
        whole.clearAll(tell("clearing"), world.out);
        world.volume.stopUsingDisk(world.out);
        world.volume.diskClosed();
        world.close();
        world.attach(SECTORS);
        bitmap().setAll();
        whole.step(world.out);
        assertThat(told).containsExactly("clearing is not done");
        assertThat(bitmap().isAllSet()).isTrue();
    }

    @Test
    void aDiskThatFailsWhileThePagesAreWrittenKeepsTheMark() {
        whole.setAll(tell("setting"), world.out);
        world.metadataAnswersAll();
        for (int step = 0; step < 3; step++) whole.step(world.out);
        world.metadataAnswers(world.orderedOne(), 5);
        assertThat(told).containsExactly("setting is not done");
        assertThat(world.volume.fullSyncNeeded()).isTrue();
    }

    @Test
    void aDeviceThatShrinksMeanwhileHasNoMoreBits() {
        whole.setAll(tell("setting"), world.out);
        whole.step(world.out);
        whole.step(world.out);
        bitmap().resize(SECTORS / 2, false);
        whole.step(world.out);
        assertThat(whole.wantsStep()).isFalse();
        assertThat(bitmap().isAllSet()).isTrue();
    }
}
