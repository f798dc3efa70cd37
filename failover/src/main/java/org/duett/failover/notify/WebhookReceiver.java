package org.duett.failover.notify;

import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Locale;
import org.duett.failover.config.NotifierConfig;

/** A web server that gets a POST with a JSON object. Any answer of the class 2xx is a receipt. */
final class WebhookReceiver implements Receiver {

    private final NotifierConfig.Webhook config;
    private final HttpClient client;

    WebhookReceiver(NotifierConfig.Webhook config) {
        this.config = config;
        client = HttpClient.newBuilder().connectTimeout(Duration.ofMillis(config.timeoutMillis())).build();
    }

    @Override
    public String name() {
        // Tokens often stand in the path or the query: neither belongs into a log.
        return "webhook " + config.address().getScheme() + "://" + config.address().getHost();
    }

    @Override
    public void tell(Notification notification) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(config.address()).timeout(Duration.ofMillis(config.timeoutMillis()))
                .header("Content-Type", "application/json").POST(HttpRequest.BodyPublishers.ofString(json(notification))).build();
        HttpResponse<Void> response = client.send(request, HttpResponse.BodyHandlers.discarding());
        if (response.statusCode() / 100 != 2)
            throw new IOException("the server answered " + response.statusCode());
    }

    static String json(Notification notification) {
        var text = new StringBuilder("{");
        field(text, "event", notification.kind().word()).append(',');
        field(text, "severity", notification.kind().severity().name().toLowerCase(Locale.ROOT)).append(',');
        field(text, "node", notification.node()).append(',');
        notification.group().ifPresent(group -> field(text, "group", group).append(','));
        notification.resource().ifPresent(resource -> field(text, "resource", resource).append(','));
        field(text, "text", notification.text()).append(',');
        return field(text, "time", notification.time().toString()).append("}").toString();
    }

    private static StringBuilder field(StringBuilder text, String name, String value) {
        text.append('"').append(name).append("\":\"");
        for (int i = 0; i < value.length(); i++) {
            char each = value.charAt(i);
            if (each == '"' || each == '\\') text.append('\\').append(each);
            else if (each < ' ') text.append(String.format("\\u%04x", (int) each));
            else text.append(each);
        }
        return text.append('"');
    }
}
