package org.duett.failover.notify;

import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.duett.replicator.command.CommandResult;
import org.duett.replicator.command.CommandRunner;
import org.duett.failover.config.NotifierConfig;

/** A program of the operator's; what happened stands in its environment. */
final class ExecReceiver implements Receiver {

    private final NotifierConfig.Exec config;

    ExecReceiver(NotifierConfig.Exec config) {
        this.config = config;
    }

    @Override
    public String name() {
        return "exec " + config.program();
    }

    @Override
    public void tell(Notification notification) throws IOException, InterruptedException {
        Map<String, String> environment = Map.of("DUETT_EVENT", notification.kind().word(), "DUETT_SEVERITY",
                notification.kind().severity().name().toLowerCase(Locale.ROOT), "DUETT_NODE", notification.node(), "DUETT_GROUP",
                notification.group().orElse(""), "DUETT_RESOURCE", notification.resource().orElse(""), "DUETT_TEXT", notification.text(), "DUETT_TIME", notification.time().toString());
        CommandResult ended = CommandRunner.run(List.of(config.program().toString()), environment, "", config.timeoutMillis());
        if (!ended.succeeded()) throw new IOException(ended.describe());
    }
}
