package org.duett.replicator.cli;

import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.duett.replicator.config.ConfigException;
import org.duett.replicator.config.ConfigReader;
import org.duett.replicator.config.FileNames;
import org.duett.replicator.control.ControlClient;
import org.duett.replicator.control.ControlReply;
import org.duett.replicator.control.ControlRequest;
import org.duett.replicator.control.ExitCode;

/** The way from a verb to the daemon of the chosen configuration. */
final class DaemonLink {
    private static final Path DEFAULT_RUN_DIRECTORY = Path.of("/run/duett");
    /** For what a daemon knows without doing anything; far more than a busy machine needs. */
    private static final long ANSWER_MILLIS = 10_000;

    private final Path configuration;

    DaemonLink(Path configuration) {
        this.configuration = configuration;
    }

    Path configuration() {
        return configuration;
    }

    /** Asks and prints what there is to print. */
    void print(ControlRequest request) throws CommandFailed {
        String text = ask(request, line -> {
            System.out.println(line);
            if (System.out.checkError()) throw new ReaderGone();
        });
        System.out.print(text);
        System.out.flush();
    }

    /** Nobody reads our standard output any more, as behind {@code | head}. */
    private static final class ReaderGone extends RuntimeException {
        private ReaderGone() {
            super(null, null, false, false);
        }
    }

    String ask(ControlRequest request) throws CommandFailed {
        return ask(request, line -> {
        });
    }

    private String ask(ControlRequest request, Consumer<String> onLine) throws CommandFailed {
        try (ControlClient client = connect()) {
            return switch (isAnsweredAtOnce(request) ? client.ask(request, onLine, ANSWER_MILLIS) : client.ask(request, onLine)) {
                case ControlReply.Done(String text) -> text;
                case ControlReply.Refused(var code, var report) -> throw new CommandFailed(code, report);
                case ControlReply.Line line -> throw new AssertionError("lines come before the answer");
            };
        } catch (ReaderGone done) {
            return "";
        } catch (SocketTimeoutException hangs) {
            throw new CommandFailed(ExitCode.ERROR, "The daemon runs, and does not answer: " + hangs.getMessage() + ". It hangs, or its process is stopped.", "Nothing was changed.",
                    "Look at its process (a state T is stopped: kill -CONT) and its log; systemctl restart duett, or by hand kill -9 and start it again:"
                            + " a device stalls meanwhile, and what was acknowledged stays.");
        } catch (IOException lost) {
            throw new CommandFailed(ExitCode.ERROR, "The daemon was lost while it was asked: " + lost.getMessage() + ".",
                    "It is not known whether the command was done.", "See duett status and the daemon's log, then give the command again.");
        }
    }

    private static boolean isAnsweredAtOnce(ControlRequest request) {
        return request instanceof ControlRequest.Status || request instanceof ControlRequest.Show || request instanceof ControlRequest.Ping;
    }

    ControlClient connect() throws CommandFailed {
        Path socket = socket();
        try {
            return ControlClient.connect(socket);
        } catch (IOException nobody) {
            boolean foreign = Files.exists(socket) && !Files.isWritable(socket);
            throw foreign
                    ? new CommandFailed(ExitCode.ERROR, "The control socket " + socket + " belongs to another user.", "Nothing was changed.",
                            "Give the command as the user that runs the daemon, most likely: sudo duett ...")
                    : new CommandFailed(ExitCode.ERROR, "No daemon answers on " + socket + ".", "Nothing was changed.",
                            "Start it: duett daemon --config " + configuration + " (or by systemd, docs/operating/install.md);"
                                    + " `duett up RESOURCE` starts it by itself.");
        }
    }

    boolean daemonAnswers() throws CommandFailed {
        try (ControlClient client = ControlClient.connect(socket())) {
            return client.ask(new ControlRequest.Ping(), line -> {
            }, ANSWER_MILLIS) instanceof ControlReply.Done;
        } catch (IOException nobody) {
            return false;
        }
    }

    /** Where the daemon of this configuration listens. One whose configuration was broken later is found in the usual place. */
    private Path socket() throws CommandFailed {
        try {
            return FileNames.controlSocket(ConfigReader.read(configuration).config().node().runDirectory());
        } catch (ConfigException wrong) {
            Path usual = FileNames.controlSocket(DEFAULT_RUN_DIRECTORY);
            if (!Files.exists(usual)) throw CommandFailed.of(wrong);
            System.err.println("duett: " + wrong.getMessage() + " The daemon goes on with what it has read before.");
            return usual;
        }
    }
}
