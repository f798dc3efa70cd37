package org.duett.ittests.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.duett.bench.device.LoggedDevice;
import org.duett.bench.host.Requirement;
import org.duett.bench.target.NbdAddress;
import org.duett.bench.target.NbdClient;
import org.duett.bench.verify.StampedBlock;
import org.duett.ittests.node.ReplicatedPair;
import org.duett.ittests.node.ReplicatorProcess;
import org.duett.ittests.oracle.DiskFiles;
import org.duett.ittests.oracle.FlushedWrites;
import org.junit.jupiter.api.Test;

/**
 * Needs root, loop devices, FUSE and nbdfuse: machines lose their power, and their disks what was in their caches. What was flushed is
 * there, what was acknowledged is on the survivor, and what differs is named by the activity log (promises 1, 4; rules 12, 24).
 */
class PowerLossTest extends PairScenario {

    private static final ReplicatedPair.Plan PLAN = ReplicatedPair.Plan.oneVolumeOf(24 * ReplicatedPair.MIB);
    private static final long SEED = 20261120;
    private static final int WRITES = 1000;
    private static final int WRITES_TO_A_FLUSH = 20;
    private static final int WRITES_TO_A_FORCED_ONE = 9;
    private static final int MOMENTS = 4;
    /** So few that blocks are written to again and again, so many that several extents are hot. */
    private static final int STRIDE_BLOCKS = 17;

    private final SplittableRandom random = new SplittableRandom(SEED);
    private ReplicatedPair afterwards;

    @Override
    List<Requirement> requirements() {
        return LoggedDevice.requirements();
    }

    @Test
    void theSurvivorTakesOverAndTheOneWithoutPowerComesBackWithAllThatItsCacheHadLost() throws IOException {
        loseThePrimarysPower();
        beta.promote(RESOURCE);
        load.verify(pair.export(beta));
        load.writeTo(pair.export(beta), 50);
        pair.restart(alpha);
        verifyOnBoth(beta);
    }

    /** Rule 24: DRBD would copy from the crashed Primary, whose cache has lost what was acknowledged and not flushed. */
    @Test
    void whereNobodyTookOverTheSurvivorsDataCount() throws IOException {
        loseThePrimarysPower();
        pair.restart(alpha);
        pair.compareBytes();
        assertThat(alpha.status(RESOURCE).role()).isEqualTo("Secondary");
        beta.promote(RESOURCE);
        load.verify(pair.export(beta));
    }

    private void loseThePrimarysPower() throws IOException {
        prepare(PLAN);
        LoggedDevice log = logged(alpha);
        startPrepared();
        load.startOn(pair.export(alpha));
        load.awaitMore(500);
        alpha.kill();
        load.awaitEnd();
        pair.awaitLoss(beta);
        Path image = alpha.folder().resolve("rebuilt");
        log.rebuildAfterPowerLoss(LoggedDevice.now(), SEED, image);
        long dataBytes = pair.volume(beta).sizeBytes();
        assertThat(DiskFiles.differingBlocks(image, pair.disk(beta, 0), dataBytes)).as("lost by alpha's cache").isNotEmpty();
        pair.replaceDisk(alpha, 0, image);
        alpha.forgetThisBoot();
    }

    @Test
    void whatWasFlushedIsThereAndTheDisksBecomeEqualAgain() throws IOException {
        prepare(PLAN);
        LoggedDevice alphaLog = logged(alpha);
        LoggedDevice betaLog = logged(beta);
        pair.startInSync();
        long inSync = LoggedDevice.now();
        FlushedWrites history = write(pair.export(alpha));
        long end = LoggedDevice.now();
        alpha.kill();
        beta.kill();

        List<Long> flushes = new ArrayList<>(alphaLog.flushTimes());
        flushes.addAll(betaLog.flushTimes());
        flushes.removeIf(moment -> moment < inSync);
        assertThat(flushes).as("flushes of the disks").isNotEmpty();
        afterwards = keep(new ReplicatedPair(folder, PLAN));
        afterwards.alpha().start();
        afterwards.beta().start();
        for (int i = 0; i < MOMENTS; i++) {
            boolean atAFlush = i % 2 == 0;
            long moment = atAFlush ? flushes.get(random.nextInt(flushes.size())) : random.nextLong(inSync, end);
            alphaLog.rebuildAfterPowerLoss(moment, SEED + i, afterwards.disk(afterwards.alpha(), 0));
            betaLog.rebuildAfterPowerLoss(moment, SEED - i, afterwards.disk(afterwards.beta(), 0));
            comeBackAndCompare(history, moment);
        }
    }

    private LoggedDevice logged(ReplicatorProcess node) {
        LoggedDevice device = keep(LoggedDevice.over(pair.disk(node, 0)));
        pair.putBetween(node, 0, device.path());
        return device;
    }

    private FlushedWrites write(NbdAddress export) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocateDirect(StampedBlock.BYTES);
        try (NbdClient client = NbdClient.connect(export)) {
            var history = new FlushedWrites((int) (client.sizeBytes() / StampedBlock.BYTES));
            for (int i = 1; i <= WRITES; i++) {
                int block = random.nextInt(history.blocks() / STRIDE_BLOCKS) * STRIDE_BLOCKS;
                long offset = (long) block * StampedBlock.BYTES;
                boolean forced = i % WRITES_TO_A_FORCED_ONE == 0;
                buffer.clear();
                StampedBlock.put(buffer, history.began(block, LoggedDevice.now()), offset);
                client.sendWrite(i, offset, buffer.flip(), forced);
                assertThat(client.receive(NbdClient.NO_READS).error()).isZero();
                if (forced) history.lastWasForced(LoggedDevice.now());
                if (i % WRITES_TO_A_FLUSH == 0) {
                    assertThat(client.flush()).isZero();
                    history.flushed(LoggedDevice.now());
                }
            }
            return history;
        }
    }

    private void comeBackAndCompare(FlushedWrites history, long moment) throws IOException {
        ReplicatorProcess first = afterwards.alpha();
        ReplicatorProcess second = afterwards.beta();
        first.up(RESOURCE);
        second.up(RESOURCE);
        afterwards.compareBytes();
        first.promote(RESOURCE);
        assertThat(complaints(history, moment, afterwards.export(first))).as("power lost at %d, seed %d", moment, SEED).isEmpty();
        first.down(RESOURCE);
        second.down(RESOURCE);
    }

    private static List<String> complaints(FlushedWrites history, long moment, NbdAddress export) throws IOException {
        List<String> complaints = new ArrayList<>();
        ByteBuffer buffer = ByteBuffer.allocateDirect(StampedBlock.BYTES);
        try (NbdClient client = NbdClient.connect(export)) {
            for (int block = 0; block < history.blocks(); block++) {
                long offset = (long) block * StampedBlock.BYTES;
                assertThat(client.read(offset, buffer.clear())).isZero();
                Optional<String> complaint = history.complaint(block, StampedBlock.get(buffer.flip(), offset), moment);
                complaint.ifPresent(complaints::add);
            }
        }
        return complaints;
    }
}
