package org.duett.failover.status;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.StringWriter;
import java.util.Locale;
import org.duett.failover.decision.GroupStatus;
import org.duett.failover.decision.ResourceView;
import org.duett.failover.heartbeat.PeerLiveness;

/** Status for programs (docs/operating/status-json.md). A field that has nothing to say is empty or false, never absent. */
public final class StatusJson {
    private static final int SCHEMA_VERSION = 1;

    private StatusJson() {
    }

    public static String of(ClusterStatus status) {
        StringWriter text = new StringWriter();
        try (JsonGenerator json = new JsonFactory().createGenerator(text)) {
            json.useDefaultPrettyPrinter();
            write(status, json);
        } catch (IOException impossible) {
            throw new AssertionError("a string takes everything", impossible);
        }
        return text + "\n";
    }

    private static void write(ClusterStatus status, JsonGenerator json) throws IOException {
        json.writeStartObject();
        json.writeNumberField("schemaVersion", SCHEMA_VERSION);
        json.writeStringField("cluster", status.name());
        json.writeStringField("verdict", status.verdict());
        json.writeStringField("node", status.localNode());
        json.writeStringField("mode", status.mode().word());
        json.writeStringField("peerNode", status.peerNode());
        json.writeStringField("peer", status.peerLife().name().toLowerCase(Locale.ROOT));
        json.writeStringField("peerMode", status.peer().map(report -> report.mode().word()).orElse(""));
        json.writeStringField("proofHeld", status.proof());
        json.writeNumberField("pausedMillis", status.pausedForNanos() / 1_000_000);
        json.writeBooleanField("single", status.single());
        json.writeArrayFieldStart("paths");
        for (PeerLiveness.PathStatus path : status.paths()) {
            json.writeStartObject();
            json.writeStringField("name", path.name());
            json.writeStringField("state", path.state().name().toLowerCase(Locale.ROOT));
            json.writeNumberField("silentMillis", path.silentMillis());
            json.writeBooleanField("oneWay", path.oneWay());
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeArrayFieldStart("groups");
        for (GroupStatus group : status.groups()) group(status, group, json);
        json.writeEndArray();
        json.writeArrayFieldStart("resources");
        for (ResourceView resource : status.resources()) resource(resource, json);
        json.writeEndArray();
        json.writeEndObject();
    }

    private static void group(ClusterStatus status, GroupStatus group, JsonGenerator json) throws IOException {
        json.writeStartObject();
        json.writeStringField("name", group.name());
        json.writeStringField("state", group.word());
        json.writeStringField("peerState", status.peerWord(group.name()));
        json.writeStringField("memberInHand", group.memberInHand());
        json.writeStringField("waitsFor", group.waitsFor());
        json.writeStringField("failedHere", group.failedHere());
        json.writeNumberField("startCounter", group.startCounter());
        json.writeObjectFieldStart("failingChecks");
        for (var check : group.failingChecks().entrySet()) json.writeStringField(check.getKey(), check.getValue());
        json.writeEndObject();
        json.writeEndObject();
    }

    private static void resource(ResourceView resource, JsonGenerator json) throws IOException {
        json.writeStartObject();
        json.writeStringField("name", resource.name());
        json.writeStringField("role", resource.role().displayName());
        json.writeStringField("peerRole", resource.peerRole().displayName());
        json.writeBooleanField("connected", resource.connected());
        json.writeStringField("disk", resource.disk().displayName());
        json.writeStringField("peerDisk", resource.peerDisk().displayName());
        json.writeBooleanField("eyewitness", resource.eyewitness());
        json.writeBooleanField("alone", resource.alone());
        json.writeBooleanField("frozen", resource.frozen());
        json.writeStringField("stoppedAt", resource.stoppedAt());
        json.writeEndObject();
    }
}
