package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import java.util.Arrays;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.CommandResult;
import org.duett.replicator.machine.OperatorReport;
import org.duett.replicator.metadata.MetadataLayout;
import org.duett.replicator.metadata.Superblock;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.volume.Volume;

/** What stories look at: superblocks on disk, refusals, messages to the operator. */
final class Stories {
    static final long MILLI = 1_000_000;

    private Stories() {
    }

    static Volume volume(SimulatedNode node) {
        return node.machine().volume(0);
    }

    static GenerationIdentifiers identifiers(SimulatedNode node) {
        return volume(node).identifiers();
    }

    /** As a power loss now would certainly leave it. */
    static Superblock superblockOnDisk(SimulatedNode node) {
        SimulatedDevice device = node.metadata(0);
        long at = MetadataLayout.superblockByte(node.settings().volumes().getFirst().metadataKind(), device.sizeBytes());
        return Superblock.decode(Unpooled.wrappedBuffer(device.durable(at, Superblock.BYTES)), 0);
    }

    static int flagsOnDisk(SimulatedNode node) {
        return superblockOnDisk(node).flags();
    }

    /** Runs the command and demands that it is refused with a message that a person can use. */
    static OperatorReport refused(SimulatedPair pair, SimulatedNode node, Command command) {
        CommandResult result = pair.run(node, command);
        assertThat(result).isInstanceOf(CommandResult.Refused.class);
        OperatorReport report = ((CommandResult.Refused) result).report();
        readsWell(report);
        return report;
    }

    /** Three sentences or more, each with an end, none with a hole in it. */
    static void readsWell(OperatorReport report) {
        for (String part : new String[]{report.whatHappened(), report.keptSafe(), report.whatToDo()}) {
            assertThat(part).doesNotContain("null").doesNotContain("..").doesNotContain("  ");
            assertThat(Character.isUpperCase(part.charAt(0)) || part.startsWith("r0/")).as(part).isTrue();
        }
        assertThat(report.whatHappened()).endsWith(".").contains("r0");
        assertThat(report.keptSafe()).endsWith(".");
    }

    /** The latest message to the operator that contains this. */
    static OperatorReport told(SimulatedNode node, String words) {
        for (OperatorReport report : node.reports().reversed()) {
            if (report.toString().contains(words)) {
                readsWell(report);
                return report;
            }
        }
        throw new AssertionError(node.name() + " was never told of \"" + words + "\": " + node.reports());
    }

    /** The sector's bytes as a reader of the node's disk sees them now. */
    static byte[] sectorOnDisk(SimulatedNode node, long sector) {
        return node.data(0).current(sector * 512, 512);
    }

    /** Beta, which was away while alpha wrote, is Primary in the midst of its resync from there. */
    static void promoteTargetInItsResync(SimulatedPair pair) {
        pair.kill(pair.beta());
        for (int i = 0; i < 40; i++) pair.done(pair.write(pair.alpha(), i * 256L, 64));
        pair.must(pair.alpha(), new Command.Demote(false));
        pair.beta().up();
        pair.runUntil(() -> pair.state(pair.beta()).connection() == ConnectionState.SYNC_TARGET);
        pair.must(pair.beta(), new Command.Promote(false));
    }

    static boolean isZero(byte[] bytes) {
        byte[] zeroes = new byte[bytes.length];
        return Arrays.equals(bytes, zeroes);
    }

    static boolean isOutOfSync(SimulatedNode node, long sector) {
        return volume(node).bitmap().isOutOfSync(sector, 4096);
    }
}
