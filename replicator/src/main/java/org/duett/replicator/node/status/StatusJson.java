package org.duett.replicator.node.status;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.HexFormat;
import java.util.List;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.machine.OperatorReport;
import org.duett.replicator.node.status.ResourceView.VolumePlace;
import org.duett.replicator.resource.ResourceStatus;
import org.duett.replicator.resource.ResourceStatus.Counters;
import org.duett.replicator.resource.ResourceStatus.VolumeStatus;
import org.duett.replicator.resync.ResyncProgress;
import org.duett.replicator.state.VolumeState;

/** Status for programs, as docs/operating/status-json.md defines it. A change that breaks a reader raises {@link #SCHEMA_VERSION}. */
public final class StatusJson {
    static final int SCHEMA_VERSION = 1;
    private static final JsonFactory FACTORY = new JsonFactory();

    private final JsonGenerator json;

    private StatusJson(JsonGenerator json) {
        this.json = json;
    }

    public static String of(String nodeName, List<ResourceView> resources) {
        StringWriter text = new StringWriter();
        try (JsonGenerator json = FACTORY.createGenerator(text)) {
            json.setPrettyPrinter(new DefaultPrettyPrinter());
            new StatusJson(json).write(nodeName, resources);
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
        return text.append('\n').toString();
    }

    private void write(String nodeName, List<ResourceView> resources) throws IOException {
        json.writeStartObject();
        json.writeNumberField("schemaVersion", SCHEMA_VERSION);
        json.writeStringField("node", nodeName);
        json.writeArrayFieldStart("resources");
        for (ResourceView resource : resources) resource(resource);
        json.writeEndArray();
        json.writeEndObject();
    }

    private void resource(ResourceView view) throws IOException {
        ResourceStatus status = view.status();
        Verdict verdict = view.verdict();
        json.writeStartObject();
        json.writeStringField("name", status.name());
        json.writeBooleanField("protected", verdict.isProtected());
        json.writeStringField("verdict", verdict.sentence());
        json.writeStringField("localNode", status.localNode());
        json.writeStringField("peerNode", status.peerNode());
        json.writeStringField("role", status.role().displayName());
        json.writeStringField("peerRole", status.peerRole().displayName());
        json.writeStringField("connection", status.connection().displayName());
        json.writeStringField("protocol", status.protocol().name());
        json.writeBooleanField("peerIsDuett", status.peerIsDuett());
        json.writeBooleanField("cluster", status.cluster());
        json.writeBooleanField("frozen", status.frozen() || view.stopped().isPresent());
        text("stoppedAt", view.stopped().map(ResourceView.Stopped::event).orElse(null));
        text("proof", view.proof().orElse(null));
        text("term", status.term() == 0 ? null : HexFormat.of().toHexDigits(status.term()));
        json.writeNumberField("contact", status.contact());
        json.writeBooleanField("eyewitness", status.eyewitness());
        bootNanos("peerHeardBootNanos", status.peer().heardNanos());
        bootNanos("answeredPingBootNanos", status.peer().answeredPingNanos());
        json.writeNumberField("writesInFlight", status.writesInFlight());
        json.writeNumberField("requestsWaiting", status.requestsWaiting());
        trouble(view);
        json.writeArrayFieldStart("volumes");
        for (int i = 0; i < status.volumes().size(); i++) volume(status.volumes().get(i), view.places().get(i));
        json.writeEndArray();
        json.writeEndObject();
    }

    private void bootNanos(String name, long nanos) throws IOException {
        if (nanos == Long.MIN_VALUE) json.writeNullField(name);
        else json.writeNumberField(name, nanos);
    }

    private void trouble(ResourceView view) throws IOException {
        if (view.trouble().isEmpty()) {
            json.writeNullField("trouble");
            return;
        }
        OperatorReport report = view.trouble().get();
        json.writeObjectFieldStart("trouble");
        json.writeStringField("level", report.level().name());
        json.writeStringField("whatHappened", report.whatHappened());
        json.writeStringField("keptSafe", report.keptSafe());
        json.writeStringField("whatToDo", report.whatToDo());
        json.writeEndObject();
    }

    private void volume(VolumeStatus volume, VolumePlace place) throws IOException {
        VolumeState state = volume.state();
        json.writeStartObject();
        json.writeNumberField("volume", volume.number());
        json.writeNumberField("minor", place.minor());
        json.writeStringField("replication", state.connection().displayName());
        json.writeStringField("disk", state.disk().displayName());
        json.writeStringField("peerDisk", state.peerDisk().displayName());
        words("suspended", StateWords.suspended(state));
        words("resyncSuspended", StateWords.resyncSuspended(state));
        json.writeNumberField("sizeBytes", volume.sizeBytes());
        json.writeNumberField("outOfSyncBytes", volume.outOfSyncBytes());
        resync(volume);
        json.writeStringField("backingDisk", place.disk().toString());
        text("engine", place.engine());
        json.writeBooleanField("thin", place.thin());
        json.writeBooleanField("diskFlushes", volume.diskFlushes());
        json.writeNumberField("activityLogExtents", volume.activityLogExtents());
        text("nbdUri", place.nbdUri().orElse(null));
        generation(volume);
        json.writeBooleanField("crashedPrimary", volume.crashedPrimary());
        counters(volume.counters());
        json.writeEndObject();
    }

    private void resync(VolumeStatus volume) throws IOException {
        if (volume.resync().isEmpty()) {
            json.writeNullField("resync");
            return;
        }
        ResyncProgress.Figures figures = volume.resync().get();
        json.writeObjectFieldStart("resync");
        json.writeNumberField("totalBytes", figures.totalBytes());
        json.writeNumberField("doneBytes", figures.doneBytes());
        json.writeNumberField("percent", Math.floor(figures.percent() * 100) / 100);
        json.writeNumberField("bytesPerSecondNow", figures.bytesPerSecondNow());
        json.writeNumberField("bytesPerSecondAverage", figures.bytesPerSecondAverage());
        if (figures.etaSeconds() < 0) {
            json.writeNullField("etaSeconds");
        } else {
            json.writeNumberField("etaSeconds", figures.etaSeconds());
        }
        json.writeEndObject();
    }

    private void generation(VolumeStatus volume) throws IOException {
        GenerationIdentifiers identifiers = volume.identifiers();
        json.writeObjectFieldStart("generation");
        json.writeStringField("current", GenerationIdentifiers.hexadecimal(identifiers.current()));
        json.writeStringField("bitmap", GenerationIdentifiers.hexadecimal(identifiers.bitmap()));
        words("history", List.of(GenerationIdentifiers.hexadecimal(identifiers.history0()),
                GenerationIdentifiers.hexadecimal(identifiers.history1())));
        json.writeEndObject();
    }

    private void counters(Counters counters) throws IOException {
        json.writeObjectFieldStart("counters");
        json.writeNumberField("sentKib", counters.sentKib());
        json.writeNumberField("receivedKib", counters.receivedKib());
        json.writeNumberField("writtenKib", counters.writtenKib());
        json.writeNumberField("readKib", counters.readKib());
        json.writeNumberField("activityLogWrites", counters.activityLogWrites());
        json.writeNumberField("bitmapWrites", counters.bitmapWrites());
        json.writeNumberField("localPending", counters.localPending());
        json.writeNumberField("peerPending", counters.peerPending());
        json.writeNumberField("unacknowledged", counters.unacknowledged());
        json.writeNumberField("hostPending", counters.hostPending());
        json.writeNumberField("epochs", counters.epochs());
        json.writeEndObject();
    }

    /** {@code null} where there is nothing to say. */
    private void text(String name, String value) throws IOException {
        if (value == null || value.isBlank()) {
            json.writeNullField(name);
        } else {
            json.writeStringField(name, value);
        }
    }

    private void words(String name, List<String> values) throws IOException {
        json.writeArrayFieldStart(name);
        for (String value : values) json.writeString(value);
        json.writeEndArray();
    }
}
