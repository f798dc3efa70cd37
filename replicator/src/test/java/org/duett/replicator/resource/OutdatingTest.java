package org.duett.replicator.resource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.replicator.volume.AttachedVolume.orderedAmong;

import java.util.ArrayList;
import java.util.List;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.Errno;
import org.duett.replicator.metadata.Superblock;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.VolumeState;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The disks of a node that lets the other one go on alone say so on disk before the connection ends, and only then are so (rule 13). */
class OutdatingTest {
    private static final VolumeState MIRRORED = VolumeState.of(Role.SECONDARY, Role.PRIMARY, ConnectionState.CONNECTED, DiskState.UP_TO_DATE, DiskState.UP_TO_DATE);

    private static final VolumeState ENDED = VolumeState.of(Role.SECONDARY, Role.UNKNOWN, ConnectionState.UNCONNECTED, DiskState.UP_TO_DATE, DiskState.UNKNOWN);

    private final TwoVolumes world = new TwoVolumes();
    private final Outdating outdating = new Outdating(world.parts);
    private final List<Boolean> told = new ArrayList<>();
    private Outdating.Mark mark;

    @BeforeEach
    void connect() {
        world.commit(MIRRORED);
    }

    @AfterEach
    void giveMemoryBack() {
        world.close();
    }

    private List<DiskOperation> marked() {
        outdating.mark((newMark, durable, out) -> {
            mark = newMark;
            told.add(durable);
        }, world.out);
        return orderedAmong(world.actions());
    }

    private boolean saysUpToDate(int volume) {
        world.volume(volume).metadata().writeSuperblock(null, world.out);
        boolean says = false;
        for (List<DiskOperation> next = orderedAmong(world.actions()); !next.isEmpty(); next = orderedAmong(world.actions())) {
            for (DiskOperation operation : next) {
                says = world.superblockIn(operation).has(Superblock.WAS_UP_TO_DATE);
                world.answer(operation, 0);
            }
        }
        return says;
    }

    @Test
    void itIsThroughWhenAllDisksSaySo() {
        world.parts.eyewitnessGivenUp = false;
        List<DiskOperation> superblocks = marked();
        assertThat(superblocks).hasSize(2).allMatch(world::isSuperblock);
        assertThat(superblocks).noneMatch(operation -> world.superblockIn(operation).has(Superblock.WAS_UP_TO_DATE));
        assertThat(world.parts.eyewitnessGivenUp).isTrue();
        world.answer(superblocks.get(1), 0);
        assertThat(told).isEmpty();
        world.answer(superblocks.get(0), 0);
        assertThat(told).containsExactly(true);
        assertThat(world.state(0).disk()).as("until the connection has ended").isEqualTo(DiskState.UP_TO_DATE);
    }

    @Test
    void oneDiskThatCannotSaySoIsEnoughToFail() {
        List<DiskOperation> superblocks = marked();
        world.answer(superblocks.get(0), Errno.EIO);
        assertThat(told).isEmpty();
        world.answer(superblocks.get(1), 0);
        assertThat(told).containsExactly(false);
    }

    @Test
    void onlyDisksThatCouldBeTakenForGoodAreAsked() {
        world.volume(0).commit(MIRRORED.withDisk(DiskState.OUTDATED), "the test says so");
        assertThat(saysUpToDate(0)).isFalse();
        assertThat(outdating.isNeeded()).isTrue();
        assertThat(marked()).singleElement().extracting(operation -> operation.volume).isEqualTo(1);
        world.answerAll();
        world.commit(MIRRORED.withDisk(DiskState.INCONSISTENT));
        assertThat(outdating.isNeeded()).isFalse();
    }

    @Test
    void whereThereIsNoneItIsThroughAtOnce() {
        world.commit(MIRRORED.withDisk(DiskState.INCONSISTENT));
        assertThat(saysUpToDate(0) || saysUpToDate(1)).isFalse();
        assertThat(marked()).isEmpty();
        assertThat(told).containsExactly(true);
        assertThat(world.parts.eyewitnessGivenUp).isFalse();
        assertThat(mark.isOver()).isFalse();
    }

    /** It is behind, and its superblock is yet to say so. */
    @Test
    void aDiskThatPassesForGoodIsMarkedAsWell() {
        assertThat(saysUpToDate(0)).isTrue();
        world.volume(0).commit(MIRRORED.withDisk(DiskState.OUTDATED), "the test says so");
        assertThat(marked()).hasSize(2).noneMatch(operation -> world.superblockIn(operation).has(Superblock.WAS_UP_TO_DATE));
    }

    /** Found by seed 3087408: a resync had ended since, and the peer, which let go of all disks as Outdated, went on alone beside one that passed for good. */
    @Test
    void aDiskThatBecomesGoodMeanwhileIsLetGoLikeTheOthers() {
        world.volume(1).commit(MIRRORED.withDisk(DiskState.INCONSISTENT), "the target of a resync");
        marked().forEach(operation -> world.answer(operation, 0));
        world.actions();
        world.volume(1).commit(MIRRORED, "the resync has ended");
        assertThat(saysUpToDate(1)).isFalse();
        mark.announce();
        world.commit(ENDED);
        outdating.connectionEnded();
        assertThat(world.state(1).disk()).isEqualTo(DiskState.OUTDATED);
    }

    @Test
    void whatWasAnnouncedHoldsWithTheEndOfTheConnection() {
        marked().forEach(operation -> world.answer(operation, 0));
        world.actions();
        mark.announce();
        world.commit(ENDED);
        world.volume(1).commit(ENDED.withDisk(DiskState.INCONSISTENT), "it has become so meanwhile");
        outdating.connectionEnded();
        assertThat(world.state(0).disk()).isEqualTo(DiskState.OUTDATED);
        assertThat(world.state(1).disk()).as("that is worse").isEqualTo(DiskState.INCONSISTENT);
        assertThat(mark.isOver()).isTrue();
    }

    @Test
    void whatWasNotAnnouncedIsForgottenWithTheConnection() {
        List<DiskOperation> superblocks = marked();
        superblocks.forEach(operation -> world.answer(operation, 0));
        world.actions();
        world.commit(ENDED);
        outdating.connectionEnded();
        assertThat(world.state(0).disk()).isEqualTo(DiskState.UP_TO_DATE);
        assertThat(saysUpToDate(0)).isTrue();
        assertThat(saysUpToDate(1)).isTrue();
    }

    @Test
    void whoTakesItBackIsUpToDateOnDiskAgain() {
        marked().forEach(operation -> world.answer(operation, 0));
        world.actions();
        assertThat(saysUpToDate(0)).isFalse();
        mark.takeBack();
        assertThat(mark.isOver()).isTrue();
        assertThat(saysUpToDate(0)).isTrue();
        assertThat(saysUpToDate(1)).isTrue();
        world.commit(ENDED);
        outdating.connectionEnded();
        assertThat(world.state(0).disk()).isEqualTo(DiskState.UP_TO_DATE);
    }

    /** The peer's wish and that of somebody here: one of them may be refused. */
    @Test
    void whatOneTakesBackTheOtherMayStillWant() {
        marked().forEach(operation -> world.answer(operation, 0));
        world.actions();
        Outdating.Mark first = mark;
        marked().forEach(operation -> world.answer(operation, 0));
        world.actions();
        first.takeBack();
        assertThat(first.isOver()).isTrue();
        assertThat(mark.isOver()).isFalse();
        assertThat(saysUpToDate(0)).isFalse();
        mark.announce();
        world.commit(ENDED);
        outdating.connectionEnded();
        assertThat(world.state(0).disk()).isEqualTo(DiskState.OUTDATED);
        assertThat(world.state(1).disk()).isEqualTo(DiskState.OUTDATED);
    }
}
