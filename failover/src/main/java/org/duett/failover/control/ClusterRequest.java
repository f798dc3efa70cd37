package org.duett.failover.control;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.StringWriter;
import org.duett.failover.decision.OperatorCommand;
import org.duett.replicator.control.JsonTree;

/** What {@code duett cluster} asks the daemon: one JSON object on one line. */
public sealed interface ClusterRequest {
    record Status(boolean json) implements ClusterRequest {
    }

    /** What a takeover would need, looked at now. {@code configuration}: the file that whoever asks goes by; empty: the daemon's own. */
    record Check(String configuration) implements ClusterRequest {
    }

    record Order(OperatorCommand command) implements ClusterRequest {
    }

    /** The answer: for standard output when {@code done}, else why not. */
    record Answer(boolean done, String text) {
        public String toLine() {
            return line(json -> {
                json.writeBooleanField("done", done);
                json.writeStringField("text", text);
            });
        }

        public static Answer ofLine(String line) {
            JsonTree tree = JsonTree.parse(line);
            return new Answer(tree.at("done").isTrue(), tree.at("text").text());
        }
    }

    default String toLine() {
        return line(json -> {
            switch (this) {
                case Status(boolean asJson) -> {
                    json.writeStringField("ask", "status");
                    json.writeBooleanField("json", asJson);
                }
                case Check(String configuration) -> {
                    json.writeStringField("ask", "check");
                    json.writeStringField("configuration", configuration);
                }
                case Order(OperatorCommand command) -> write(command, json);
            }
        });
    }

    private static void write(OperatorCommand command, JsonGenerator json) throws IOException {
        switch (command) {
            case OperatorCommand.Switchover(String group) -> onGroup("switchover", group, json);
            case OperatorCommand.Standby() -> json.writeStringField("ask", "standby");
            case OperatorCommand.Online() -> json.writeStringField("ask", "online");
            case OperatorCommand.Pause(long forNanos) -> {
                json.writeStringField("ask", "pause");
                json.writeNumberField("millis", forNanos / 1_000_000);
            }
            case OperatorCommand.Fail(String group) -> onGroup("fail", group, json);
            case OperatorCommand.Recover(String group) -> onGroup("recover", group, json);
            case OperatorCommand.Start(String group) -> onGroup("start", group, json);
            case OperatorCommand.Stop(String group) -> onGroup("stop", group, json);
            case OperatorCommand.Leave() -> json.writeStringField("ask", "leave");
            case OperatorCommand.Single(String who) -> {
                json.writeStringField("ask", "single");
                json.writeStringField("who", who);
            }
            case OperatorCommand.ConfirmPeerDown(boolean useThisData, String who) -> {
                json.writeStringField("ask", "confirm-peer-down");
                json.writeBooleanField("useThisData", useThisData);
                json.writeStringField("who", who);
            }
        }
    }

    private static void onGroup(String ask, String group, JsonGenerator json) throws IOException {
        json.writeStringField("ask", ask);
        json.writeStringField("group", group);
    }

    /** @throws IllegalArgumentException when it is no request of this version */
    static ClusterRequest ofLine(String line) {
        JsonTree tree = JsonTree.parse(line);
        String group = tree.at("group").text();
        String who = tree.at("who").text();
        return switch (tree.at("ask").text()) {
            case "status" -> new Status(tree.at("json").isTrue());
            case "check" -> new Check(tree.at("configuration").text());
            case "switchover" -> new Order(new OperatorCommand.Switchover(group));
            case "standby" -> new Order(new OperatorCommand.Standby());
            case "online" -> new Order(new OperatorCommand.Online());
            case "pause" -> new Order(new OperatorCommand.Pause(Math.clamp(tree.at("millis").wholeNumber(), 0, 1L << 40) * 1_000_000));
            case "fail" -> new Order(new OperatorCommand.Fail(group));
            case "recover" -> new Order(new OperatorCommand.Recover(group));
            case "start" -> new Order(new OperatorCommand.Start(group));
            case "stop" -> new Order(new OperatorCommand.Stop(group));
            case "leave" -> new Order(new OperatorCommand.Leave());
            case "single" -> new Order(new OperatorCommand.Single(who));
            case "confirm-peer-down" -> new Order(new OperatorCommand.ConfirmPeerDown(tree.at("useThisData").isTrue(), who));
            default -> throw new IllegalArgumentException("this daemon does not know the request " + line.substring(0, Math.min(80, line.length())));
        };
    }

    interface Fields {
        void write(JsonGenerator json) throws IOException;
    }

    private static String line(Fields fields) {
        StringWriter text = new StringWriter();
        try (JsonGenerator json = new JsonFactory().createGenerator(text)) {
            json.writeStartObject();
            fields.write(json);
            json.writeEndObject();
        } catch (IOException impossible) {
            throw new AssertionError("a string takes everything", impossible);
        }
        return text.toString();
    }
}
