package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.duett.replicator.machine.Event;
import org.duett.replicator.machine.HostRequest;
import org.duett.replicator.machine.HostRequest.Kind;
import org.duett.replicator.wire.DataFlags;
import org.duett.replicator.wire.Packet;
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

    /** A kernel sends up to 128 MiB in one (rule 17); Duett itself never more than an extent. */
    @Test
    void aTrimOfThePeerOverSeveralExtentsIsCarriedOutToItsEnd() {
        var pair = SimulatedPair.connected(4);
        int lastSector = 5 * EXTENT_SECTORS + 15;
        for (int extent = 0; extent < 6; extent++) pair.done(pair.write(pair.alpha(), extent * (long) EXTENT_SECTORS, 32));
        pair.runUntilProtected();
        var trim = new Packet.Zeroing();
        trim.kind = Packet.Zeroing.Kind.TRIM;
        trim.firstSector = 8;
        trim.lengthBytes = (lastSector + 1 - 8) * 512;
        trim.blockId = 77;
        trim.sequence = Stories.volume(pair.alpha()).nextSequence();
        trim.flags = DataFlags.DISCARD;
        pair.beta().deliver(new Event.PeerPacketArrived().with(pair.beta().machine().connection(), trim));
        pair.runFor(50 * Stories.MILLI);
        assertThat(Stories.isZero(Stories.sectorOnDisk(pair.beta(), 7))).isFalse();
        for (int extent = 1; extent < 6; extent++) assertThat(Stories.isZero(Stories.sectorOnDisk(pair.beta(), extent * (long) EXTENT_SECTORS))).isTrue();
        assertThat(Stories.isZero(Stories.sectorOnDisk(pair.beta(), lastSector))).isTrue();
        assertThat(Stories.isZero(Stories.sectorOnDisk(pair.beta(), lastSector + 1))).isFalse();
        assertThat(Stories.volume(pair.beta()).log().referencesInUse()).isZero();
        assertThat(Stories.volume(pair.beta()).overlap().presentUsers()).isZero();
    }
}
