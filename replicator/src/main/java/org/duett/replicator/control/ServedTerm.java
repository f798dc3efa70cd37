package org.duett.replicator.control;

import java.io.IOException;
import java.util.HexFormat;
import java.util.Optional;
import java.util.OptionalLong;

/** The term in which a resource is served on this node, out of the daemon's status. */
public final class ServedTerm {
    private ServedTerm() {
    }

    /** Empty: the daemon does not serve it, because it is Secondary, or is not up. */
    public static OptionalLong ask(ControlClient client, String resource) throws IOException {
        var status = new ControlRequest.Status(Optional.empty(), new ControlRequest.StatusForm.Json());
        return switch (client.ask(status, _ -> {
        })) {
            case ControlReply.Done(String text) -> in(text, resource);
            case ControlReply.Refused(var code, var report) -> throw new IOException(report.whatHappened());
            case ControlReply.Line line -> throw new AssertionError("lines come before the answer");
        };
    }

    static OptionalLong in(String status, String resource) {
        JsonTree resources = JsonTree.parse(status).at("resources");
        for (int i = 0; resources.element(i).isPresent(); i++) {
            if (!resources.element(i).at("name").text().equals(resource)) continue;
            Optional<String> term = resources.element(i).at("term").optionalText();
            return term.isPresent() ? OptionalLong.of(HexFormat.fromHexDigitsToLong(term.get())) : OptionalLong.empty();
        }
        return OptionalLong.empty();
    }
}
