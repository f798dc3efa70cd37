package org.duett.failover.decision;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.duett.failover.config.ReportRoom;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.junit.jupiter.api.Test;

/** What a node tells in a heartbeat fits into it, whatever it has to tell. */
class NodeReportCodecTest {
    private static final String EVENT = "e".repeat(64);

    /** By it the reader of the configuration refuses more groups than fit. */
    @Test
    void theRoomThatAConfigurationIsGivenIsWhatItsLongestReportTakes() {
        NodeReport report = report("", List.of(halt("resource-of-db", 5)));
        assertThat(NodeReportCodec.encode(report, Integer.MAX_VALUE)).hasSize(ReportRoom.bytesFor(List.of("web", "db"), List.of("r0", "resource-of-db")));
    }

    /** Found by reading: with as many groups as fit a second halt, in the moment of need, ended the daemon. */
    @Test
    void ofSeveralHaltsTheYoungestOnesAreToldAsFarAsThereIsRoom() throws NodeReportCodec.Malformed {
        NodeReport.FailStop older = halt("r0", 400_000);
        NodeReport.FailStop younger = halt("resource-of-db", 5);
        int room = ReportRoom.bytesFor(List.of("web", "db"), List.of("r0", "resource-of-db"));

        byte[] told = NodeReportCodec.encode(report("a detail", List.of(older, younger)), room, 1);

        assertThat(told).hasSizeLessThanOrEqualTo(room);
        assertThat(NodeReportCodec.decode(told)).isEqualTo(report("", List.of(younger)));
    }

    /** Each part can be lost; what people read is not worth one more. */
    @Test
    void detailsAreToldWhereTheyCostNoDatagram() throws NodeReportCodec.Malformed {
        NodeReport report = report("a detail", List.of(halt("r0", 5)));
        int brief = NodeReportCodec.encode(report("", List.of(halt("r0", 5))), Integer.MAX_VALUE).length;

        assertThat(NodeReportCodec.decode(NodeReportCodec.encode(report, brief))).isEqualTo(report("", List.of(halt("r0", 5))));
        assertThat(NodeReportCodec.decode(NodeReportCodec.encode(report, brief - 20))).isEqualTo(report);
    }

    /** Found on a status that ended in the midst of a word: "monitor ended with e". */
    @Test
    void aDetailThatIsCutSaysSo() throws NodeReportCodec.Malformed {
        String detail = "failed here: program shop /usr/lib/ocf/resource.d/acme/shop monitor ended with exit code 1: it is broken";
        assertThat(detailToldOf(detail)).hasSize(80).startsWith("failed here: program shop ").endsWith(" ...");
        assertThat(detailToldOf("d".repeat(80))).isEqualTo("d".repeat(80));
        assertThat(detailToldOf("ä".repeat(80))).isEqualTo("ä".repeat(38) + " ...");
    }

    private static String detailToldOf(String detail) throws NodeReportCodec.Malformed {
        return NodeReportCodec.decode(NodeReportCodec.encode(report(detail, List.of()), 768)).groups().getFirst().detail();
    }

    private static NodeReport.FailStop halt(String resource, long agoMillis) {
        return new NodeReport.FailStop(resource, EVENT, agoMillis);
    }

    private static NodeReport report(String detail, List<NodeReport.FailStop> halts) {
        return new NodeReport(NodeMode.ONLINE, 1, 2, List.of(group("web", detail), group("db", "")), List.of(resource("r0"), resource("resource-of-db")), halts);
    }

    private static NodeReport.GroupReport group(String name, String detail) {
        return new NodeReport.GroupReport(name, GroupPhase.DOWN, 1, true, false, false, false, 0, false, false, detail);
    }

    private static NodeReport.ResourceReport resource(String name) {
        return new NodeReport.ResourceReport(name, Role.SECONDARY, DiskState.UP_TO_DATE, true, 0x10, 0, false, true, 0, 0);
    }
}
