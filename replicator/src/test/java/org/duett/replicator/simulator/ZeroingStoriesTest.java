package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.duett.replicator.machine.HostRequest;
import org.duett.replicator.machine.HostRequest.Kind;
import org.junit.jupiter.api.Test;

/** How trims and writes of zeroes travel (rule 27). */
class ZeroingStoriesTest {
    private static final int EXTENT_SECTORS = 8192;

    /** What the Primary sent for this request. */
    private static List<String> sentFor(SimulatedPair pair, HostRequest.Kind kind) {
        pair.done(pair.write(pair.alpha(), 0, 64));
        pair.runUntilProtected();
        pair.trace(true);
        int before = pair.traceLines().size();
        pair.done(pair.request(pair.alpha(), kind, 0, 8, EXTENT_SECTORS, false));
        pair.runUntilProtected();
        pair.checkAll();
        for (SimulatedNode node : List.of(pair.alpha(), pair.beta())) {
            assertThat(Stories.isZero(Stories.sectorOnDisk(node, 8))).as(node.name()).isTrue();
            assertThat(Stories.isZero(Stories.sectorOnDisk(node, 7))).as(node.name()).isFalse();
        }
        return pair.traceLines().stream().skip(before).filter(line -> line.contains("alpha   -> ") && line.contains("SendPacket")).toList();
    }

    @Test
    void betweenNodesThatBothKnowThemZeroesTravelWithoutPayload() {
        for (Kind kind : new Kind[]{Kind.TRIM, Kind.WRITE_ZEROES}) {
            List<String> sent = sentFor(SimulatedPair.connected(1), kind);
            assertThat(sent).anyMatch(line -> line.contains("ZEROES")).noneMatch(line -> line.contains("Data"));
        }
    }

    @Test
    void withDataIntegrityZeroesAreWrittenAsData() {
        List<String> sent = sentFor(SimulatedPair.connected(2, StorySettings.digests("crc32c", "", "")), Kind.WRITE_ZEROES);
        assertThat(sent).as("in parts that a packet can hold").filteredOn(line -> line.contains("Data")).hasSizeGreaterThanOrEqualTo(4);
        assertThat(sent).noneMatch(line -> line.contains("Zeroing"));
    }

    @Test
    void withDataIntegrityATrimIsATrim() {
        List<String> sent = sentFor(SimulatedPair.connected(3, StorySettings.digests("crc32c", "", "")), Kind.TRIM);
        assertThat(sent).anyMatch(line -> line.contains("TRIM")).noneMatch(line -> line.contains("ZEROES"));
    }
}
