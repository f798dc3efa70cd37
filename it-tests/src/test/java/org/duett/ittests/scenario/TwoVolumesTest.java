package org.duett.ittests.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.duett.ittests.node.NodeStatus;
import org.duett.ittests.node.ReplicatedPair;
import org.duett.ittests.node.ReplicatorProcess;
import org.duett.ittests.oracle.VerifiedLoad;
import org.junit.jupiter.api.Test;

/** Needs root: two volumes share a connection and its epochs, each with a program of its own; both are lost and come back together. */
class TwoVolumesTest extends PairScenario {

    private List<VerifiedLoad> loads;

    @Test
    void bothVolumesSurviveTheirPrimaryAndTheirSecondary() {
        prepare(new ReplicatedPair.Plan(List.of(32 * ReplicatedPair.MIB, 24 * ReplicatedPair.MIB), "", ""));
        pair.startInSync();
        loads = alpha.status(RESOURCE).volumes().stream().map(NodeStatus.Volume::sizeBytes).map(VerifiedLoad::forVolumeOf).toList();

        startLoadsOn(alpha);
        beta.kill();
        loads.forEach(each -> each.awaitMore(100));
        pair.restart(beta);
        pair.awaitInSync();
        loads.forEach(each -> each.awaitMore(100));
        alpha.kill();
        loads.forEach(VerifiedLoad::awaitEnd);
        pair.awaitLoss(beta);

        beta.promote(RESOURCE);
        verifyOn(beta);
        startLoadsOn(beta);
        pair.restart(alpha);
        pair.awaitInSync();
        loads.forEach(VerifiedLoad::stop);
        pair.compareBytes();
        verifyOn(switchOver(beta));
        assertThat(alpha.status(RESOURCE).isProtected()).isTrue();
    }

    private void startLoadsOn(ReplicatorProcess primary) {
        for (int volume = 0; volume < loads.size(); volume++) {
            loads.get(volume).startOn(pair.export(primary, volume));
        }
        loads.forEach(each -> each.awaitMore(100));
    }

    private void verifyOn(ReplicatorProcess primary) {
        for (int volume = 0; volume < loads.size(); volume++) {
            loads.get(volume).verify(pair.export(primary, volume));
        }
    }
}
