package org.duett.replicator.simulator;

import java.util.ArrayList;
import java.util.List;
import org.duett.replicator.machine.CommandResult;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.StateChangeResult;
import org.duett.replicator.state.StatePolicies.Fencing;
import org.duett.replicator.state.VolumeState;

/**
 * A takeover is not refused for nothing: who hears nobody, has good disks all the time and nobody to fence is promoted when it is told to. Else a host would be without
 * its data for as long as the lost node is away. And nobody is promoted alone on a disk that is behind, unless by force: a Consistent one may prove to be the newest.
 */
final class PromotionRule {
    private final SimulatedPair pair;
    private final boolean fenced;
    private final List<Asked> asked = new ArrayList<>();
    /** The last promotion that it was told of was by force. */
    private final boolean[] forced = new boolean[2];

    private record Asked(SimulatedNode node, int life, long ticket) {
    }

    PromotionRule(SimulatedPair pair) {
        this.pair = pair;
        fenced = pair.settings().volumes().getFirst().fencing() != Fencing.DONT_CARE;
    }

    void isTold(SimulatedNode node, boolean force) {
        forced[node.index()] = force;
    }

    /** Called before it is told so. */
    boolean mayNotRefuse(SimulatedNode node) {
        if (fenced || !node.isRunning() || node.sleeps()) return false;
        return pair.settings().volumes().stream().map(volume -> node.machine().state(volume.number())).allMatch(PromotionRule::isGoodAlone);
    }

    /** Called when it was told so: it may have found just then that a disk does not come back in time (seed 2150754). */
    void asked(SimulatedNode node, long ticket) {
        if (mayNotRefuse(node)) asked.add(new Asked(node, node.life(), ticket));
    }

    private static boolean isGoodAlone(VolumeState state) {
        return state.connection().isBelow(ConnectionState.WF_REPORT_PARAMS) && state.disk() == DiskState.UP_TO_DATE;
    }

    /** Whoever finds the other one meanwhile asks that one, and who loses a disk may have nothing to serve. */
    void stateChanged(SimulatedNode node, VolumeState before, VolumeState after) {
        boolean promotedAlone = before.role() != Role.PRIMARY && after.role() == Role.PRIMARY && !after.connection().isEstablished() && !forced[node.index()];
        boolean isBehind = before.disk() != DiskState.UP_TO_DATE && before.disk() != DiskState.CONSISTENT;
        if (promotedAlone && isBehind) throw new AssertionError(node.name() + " is promoted alone on a disk that is behind: from " + before + " to " + after + "; " + pair.describe());
        if (!isGoodAlone(after)) asked.removeIf(each -> each.node == node);
    }

    /** Between the steps of a life. */
    void check() {
        for (Asked each : asked) {
            boolean refused = each.node.life() == each.life && each.node.result(each.ticket) instanceof CommandResult.Refused(StateChangeResult code, var report)
                    && code != StateChangeResult.IN_TRANSIENT_STATE;
            if (refused) throw new AssertionError(each.node.name() + " hears nobody, has good disks, and refuses to be promoted: " + each.node.result(each.ticket) + "; " + pair.describe());
        }
        asked.removeIf(each -> each.node.life() != each.life || each.node.result(each.ticket) != null);
    }
}
