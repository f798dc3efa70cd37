package org.duett.failover.notify;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.time.temporal.ChronoUnit;
import java.util.List;
import org.duett.replicator.command.CommandResult;
import org.duett.replicator.command.CommandRunner;
import org.duett.failover.config.NotifierConfig;

/** A log server by RFC 5424 over UDP; without a host the local log socket, by logger(1). */
final class SyslogReceiver implements Receiver {

    private static final int DAEMON_FACILITY = 3;
    private static final String PROGRAM = "duett";
    private static final int LOGGER_MILLIS = 5000;

    private final NotifierConfig.Syslog config;

    SyslogReceiver(NotifierConfig.Syslog config) {
        this.config = config;
    }

    @Override
    public String name() {
        return config.host().isEmpty() ? "the local syslog" : "syslog " + config.host() + ":" + config.port();
    }

    @Override
    public void tell(Notification notification) throws IOException, InterruptedException {
        if (config.host().isEmpty()) tellLocally(notification);
        else tellServer(notification);
    }

    /** The JDK has no datagrams of Unix sockets; the tool of the field has. */
    private static void tellLocally(Notification notification) throws IOException, InterruptedException {
        CommandResult ended = CommandRunner.run(List.of("logger", "--socket-errors=on", "-t", PROGRAM, "-p", "daemon." + priority(notification),
                "--", notification.kind().word() + ": " + oneLine(notification)), LOGGER_MILLIS);
        if (!ended.succeeded()) throw new IOException(ended.describe());
    }

    private static String priority(Notification notification) {
        return switch (notification.kind().severity()) {
            case CRITICAL -> "crit";
            case ERROR -> "err";
            case WARNING -> "warning";
            case NOTICE -> "notice";
        };
    }

    private void tellServer(Notification notification) throws IOException {
        byte[] message = message(notification, ProcessHandle.current().pid()).getBytes(StandardCharsets.UTF_8);
        // The name is looked up each time: a log server may move, and the first look may fall into an outage.
        try (var socket = new DatagramSocket()) {
            socket.send(new DatagramPacket(message, message.length, InetAddress.getByName(config.host()), config.port()));
        }
    }

    /** RFC 5424, 6: the byte order mark says that the text is UTF-8. */
    static String message(Notification notification, long processId) {
        int priority = DAEMON_FACILITY * 8 + notification.kind().severity().number();
        return "<" + priority + ">1 " + notification.time().truncatedTo(ChronoUnit.MILLIS) + " " + notification.node() + " " + PROGRAM + " "
                + processId + " " + notification.kind().word() + " - \uFEFF" + oneLine(notification);
    }

    private static String oneLine(Notification notification) {
        String group = notification.group().map(name -> "group " + name + ": ").orElse("");
        return (group + notification.text()).replaceAll("\\s*\\R\\s*", " | ");
    }
}
