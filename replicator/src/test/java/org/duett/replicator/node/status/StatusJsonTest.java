package org.duett.replicator.node.status;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.duett.replicator.machine.OperatorReport;
import org.duett.replicator.resync.ResyncProgress;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.junit.jupiter.api.Test;

class StatusJsonTest {

    private static Views everything() {
        Views views = Views.in(Role.SECONDARY, Role.PRIMARY, ConnectionState.SYNC_TARGET, DiskState.INCONSISTENT, DiskState.UP_TO_DATE)
                .resyncing(new ResyncProgress.Figures(1L << 30, 128L << 20, 12.5, 2_000_000L << 10, 1_234L << 10, 3723));
        views.trouble = Optional.of(new OperatorReport(OperatorReport.Level.WARNING, "What.", "Safe.", "Do."));
        views.nbdUri = Optional.of("nbd+unix:///r0/0?socket=/run/duett/r0.nbd");
        return views;
    }

    @Test
    void statesFiguresAndTroubleAreFieldsOfTheirOwn() {
        String json = StatusJson.of("node-a", List.of(everything().view()));
        assertThat(json).contains("\"schemaVersion\" : 1", "\"node\" : \"node-a\"", "\"protected\" : false", "\"role\" : \"Secondary\"",
                "\"replication\" : \"SyncTarget\"", "\"disk\" : \"Inconsistent\"", "\"peerDisk\" : \"UpToDate\"", "\"percent\" : 12.5",
                "\"etaSeconds\" : 3723", "\"term\" : \"000000000000002a\"", "\"current\" : \"8F3C51D20A7E4B16\"", "\"whatToDo\" : \"Do.\"",
                "\"sizeBytes\" : 10737418240", "\"nbdUri\" : \"nbd+unix:///r0/0?socket=/run/duett/r0.nbd\"");
    }

    @Test
    void whatIsNotThereIsNull() {
        String json = StatusJson.of("node-a", List.of(Views.healthy().view()));
        assertThat(json).contains("\"trouble\" : null", "\"resync\" : null", "\"nbdUri\" : null", "\"proof\" : null", "\"contact\" : 3", "\"eyewitness\" : true");
        assertThat(StatusJson.of("node-a", List.of())).contains("\"resources\" : [ ]");
    }

    @Test
    void thePageOfTheSchemaNamesEachField() throws IOException {
        String page = Files.readString(Path.of("../docs/operating/status-json.md"));
        for (String field : fields(StatusJson.of("node-a", List.of(everything().view())))) {
            assertThat(page).as("docs/operating/status-json.md").contains("`" + field + "`");
        }
    }

    private static Set<String> fields(String json) throws IOException {
        Set<String> fields = new LinkedHashSet<>();
        try (JsonParser parser = new JsonFactory().createParser(json)) {
            for (JsonToken token; (token = parser.nextToken()) != null;) {
                if (token == JsonToken.FIELD_NAME) fields.add(parser.currentName());
            }
        }
        return fields;
    }
}
