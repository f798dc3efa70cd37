package org.duett.replicator.control;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.Optional;
import org.duett.replicator.control.ControlRequest.StatusForm;
import org.duett.replicator.machine.OperatorReport;

/** Requests and replies as lines of JSON (docs/operating/control-protocol.md). A line carries no newline and ends with one. */
public final class ControlCodec {
    private static final JsonFactory FACTORY = new JsonFactory();
    private static final int WIDEST_COLUMNS = 1000;
    static final int LONGEST_WAIT_SECONDS = 300_000;

    private ControlCodec() {
    }

    /** What a message is made of. */
    interface Writing {
        void write(JsonGenerator json) throws IOException;
    }

    static String line(Writing writing) {
        StringWriter text = new StringWriter();
        try (JsonGenerator json = FACTORY.createGenerator(text)) {
            json.writeStartObject();
            writing.write(json);
            json.writeEndObject();
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
        return text.append('\n').toString();
    }

    // ---- requests

    public static String encode(ControlRequest request) {
        return line(json -> write(request, json));
    }

    private static void write(ControlRequest request, JsonGenerator json) throws IOException {
        switch (request) {
            case ControlRequest.Order(var resource, var command) -> CommandCodec.write(resource, command, json);
            case ControlRequest.Up(var resource) -> head(json, "up", Optional.of(resource));
            case ControlRequest.Down(var resource, var force) -> {
                head(json, "down", Optional.of(resource));
                json.writeBooleanField("force", force);
            }
            case ControlRequest.Status(var resource, var form) -> {
                head(json, "status", resource);
                write(form, json);
            }
            case ControlRequest.Show(var resource, var volume, var word) -> {
                head(json, word.verb(), Optional.of(resource));
                json.writeNumberField("volume", volume);
            }
            case ControlRequest.Events(var resource, var onlyNow) -> {
                head(json, "events", resource);
                json.writeBooleanField("now", onlyNow);
            }
            case ControlRequest.WaitConnect(var resource, var timeout) -> {
                head(json, "wait-connect", Optional.of(resource));
                if (timeout.isPresent()) json.writeNumberField("timeoutSeconds", timeout.getAsInt());
            }
            case ControlRequest.WaitSync(var resource, var timeout) -> {
                head(json, "wait-sync", Optional.of(resource));
                if (timeout.isPresent()) json.writeNumberField("timeoutSeconds", timeout.getAsInt());
            }
            case ControlRequest.PeerFailStopped(var resource, var event, var untilBootNanos) -> {
                head(json, "peer-fail-stopped", Optional.of(resource));
                json.writeStringField("event", event);
                json.writeNumberField("untilBootNanos", untilBootNanos);
            }
            case ControlRequest.Ping() -> head(json, "ping", Optional.empty());
        }
    }

    static void head(JsonGenerator json, String request, Optional<String> resource) throws IOException {
        json.writeStringField("request", request);
        if (resource.isPresent()) json.writeStringField("resource", resource.get());
    }

    private static void write(StatusForm form, JsonGenerator json) throws IOException {
        switch (form) {
            case StatusForm.Text(var colour, var columns) -> {
                json.writeStringField("form", "text");
                json.writeBooleanField("colour", colour);
                json.writeNumberField("columns", columns);
            }
            case StatusForm.Json() -> json.writeStringField("form", "json");
            case StatusForm.ProcDrbd() -> json.writeStringField("form", "proc-drbd");
        }
    }

    public static ControlRequest decodeRequest(byte[] line, int length) throws ControlFormatException {
        JsonFields fields = JsonFields.parse(line, length);
        ControlRequest request = request(fields.text("request"), fields);
        fields.assertAllTaken();
        return request;
    }

    private static ControlRequest request(String word, JsonFields fields) throws ControlFormatException {
        return switch (word) {
            case "up" -> new ControlRequest.Up(fields.text("resource"));
            case "down" -> new ControlRequest.Down(fields.text("resource"), fields.flag("force"));
            case "status" -> new ControlRequest.Status(fields.optionalText("resource"), form(fields));
            case "cstate" -> show(fields, ControlRequest.StateWord.CONNECTION);
            case "role" -> show(fields, ControlRequest.StateWord.ROLES);
            case "dstate" -> show(fields, ControlRequest.StateWord.DISKS);
            case "events" -> new ControlRequest.Events(fields.optionalText("resource"), fields.flag("now"));
            case "wait-connect" -> new ControlRequest.WaitConnect(fields.text("resource"),
                    fields.optionalNumber("timeoutSeconds", 0, LONGEST_WAIT_SECONDS));
            case "wait-sync" -> new ControlRequest.WaitSync(fields.text("resource"),
                    fields.optionalNumber("timeoutSeconds", 0, LONGEST_WAIT_SECONDS));
            case "peer-fail-stopped" -> new ControlRequest.PeerFailStopped(fields.text("resource"), fields.text("event"),
                    fields.number("untilBootNanos", 0, 0, Long.MAX_VALUE));
            case "ping" -> new ControlRequest.Ping();
            default -> new ControlRequest.Order(fields.text("resource"), CommandCodec.read(word, fields));
        };
    }

    private static ControlRequest show(JsonFields fields, ControlRequest.StateWord word) throws ControlFormatException {
        return new ControlRequest.Show(fields.text("resource"), CommandCodec.volume(fields), word);
    }

    private static StatusForm form(JsonFields fields) throws ControlFormatException {
        String form = fields.optionalText("form").orElse("text");
        return switch (form) {
            case "text" -> new StatusForm.Text(fields.flag("colour"), (int) fields.number("columns", 80, 20, WIDEST_COLUMNS));
            case "json" -> new StatusForm.Json();
            case "proc-drbd" -> new StatusForm.ProcDrbd();
            default -> throw new ControlFormatException("form '" + form + "' is unknown; there are text, json, proc-drbd");
        };
    }

    // ---- replies

    public static String encode(ControlReply reply) {
        return line(json -> {
            switch (reply) {
                case ControlReply.Line(var text) -> json.writeStringField("line", text);
                case ControlReply.Done(var text) -> json.writeStringField("done", text);
                case ControlReply.Refused(var code, var report) -> {
                    json.writeStringField("refused", code.name());
                    json.writeStringField("level", report.level().name());
                    json.writeStringField("whatHappened", report.whatHappened());
                    json.writeStringField("keptSafe", report.keptSafe());
                    json.writeStringField("whatToDo", report.whatToDo());
                }
            }
        });
    }

    public static ControlReply decodeReply(byte[] line, int length) throws ControlFormatException {
        JsonFields fields = JsonFields.parse(line, length);
        Optional<String> lineText = fields.optionalText("line");
        if (lineText.isPresent()) return new ControlReply.Line(lineText.get());
        Optional<String> done = fields.optionalText("done");
        if (done.isPresent()) return new ControlReply.Done(done.get());
        return new ControlReply.Refused(named(ExitCode.class, fields.text("refused")),
                new OperatorReport(named(OperatorReport.Level.class, fields.text("level")), notBlank(fields, "whatHappened"),
                        notBlank(fields, "keptSafe"), notBlank(fields, "whatToDo")));
    }

    private static String notBlank(JsonFields fields, String name) throws ControlFormatException {
        String text = fields.text(name);
        if (text.isBlank()) throw new ControlFormatException("field '" + name + "' is empty");
        return text;
    }

    private static <E extends Enum<E>> E named(Class<E> type, String name) throws ControlFormatException {
        for (E value : type.getEnumConstants()) {
            if (value.name().equals(name)) return value;
        }
        throw new ControlFormatException("'" + name + "' is none of " + String.join(", ", names(type)));
    }

    private static <E extends Enum<E>> String[] names(Class<E> type) {
        E[] values = type.getEnumConstants();
        String[] names = new String[values.length];
        for (int i = 0; i < names.length; i++) names[i] = values[i].name();
        return names;
    }
}
