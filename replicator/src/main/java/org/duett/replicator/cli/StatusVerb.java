package org.duett.replicator.cli;

import java.nio.file.Path;
import java.util.Optional;
import org.duett.replicator.control.ControlRequest;
import org.duett.replicator.control.ControlRequest.StatusForm;
import org.duett.replicator.control.ExitCode;

/**
 * {@code duett status} and {@code duett events}. Their arguments are read by hand, so that the answer feels instant; whatever is not
 * understood here is left to the full parser, which knows how to complain.
 */
public final class StatusVerb {
    private static final int DEFAULT_COLUMNS = 100;
    private static final long REPAINT_MILLIS = 1000;

    private Optional<String> resource = Optional.empty();
    private Path configuration;
    private boolean json;
    private boolean procDrbd;
    private boolean watch;
    private boolean now;
    private boolean events;

    private StatusVerb() {
    }

    /** Empty: not for us. Else the exit code; the verb was done, or failed with a message. */
    public static Optional<Integer> run(String[] arguments) {
        StatusVerb verb = new StatusVerb();
        if (!verb.understands(arguments)) return Optional.empty();
        return Optional.of(Exits.of(verb::perform));
    }

    /** The same from arguments that the full parser has read. */
    static StatusVerb status(Path configuration, Optional<String> resource, boolean json, boolean procDrbd, boolean watch) {
        StatusVerb verb = new StatusVerb();
        verb.configuration = configuration;
        verb.resource = resource;
        verb.json = json;
        verb.procDrbd = procDrbd;
        verb.watch = watch;
        return verb;
    }

    private boolean understands(String[] arguments) {
        if (arguments.length == 0) return false;
        switch (arguments[0]) {
            case "status" -> events = false;
            case "events" -> events = true;
            default -> {
                return false;
            }
        }
        for (int i = 1; i < arguments.length; i++) {
            switch (arguments[i]) {
                case "--json" -> json = true;
                case "--proc-drbd" -> procDrbd = true;
                case "--watch" -> watch = true;
                case "--now" -> now = true;
                case "--config", "-c" -> {
                    if (++i == arguments.length) return false;
                    configuration = Path.of(arguments[i]);
                }
                default -> {
                    if (arguments[i].startsWith("-") || resource.isPresent()) return false;
                    resource = Optional.of(arguments[i]);
                }
            }
        }
        boolean oneForm = (json ? 1 : 0) + (procDrbd ? 1 : 0) + (watch ? 1 : 0) <= 1;
        return events ? !json && !procDrbd && !watch : oneForm && !now;
    }

    void perform() throws CommandFailed {
        DaemonLink daemon = new DaemonLink(configuration == null ? ConfigurationFile.chosen() : configuration);
        if (events) {
            daemon.print(new ControlRequest.Events(resource, now));
        } else if (watch) {
            watch(daemon);
        } else {
            daemon.print(new ControlRequest.Status(resource, form()));
        }
    }

    private StatusForm form() {
        if (json) return new StatusForm.Json();
        if (procDrbd) return new StatusForm.ProcDrbd();
        return new StatusForm.Text(isTerminal() && System.getenv("NO_COLOR") == null, columns());
    }

    private void watch(DaemonLink daemon) throws CommandFailed {
        if (!isTerminal()) {
            throw new CommandFailed(ExitCode.ERROR, "--watch repaints a terminal, and standard output is none.", "Nothing was changed.",
                    "Use duett events, or duett status --json, in a script.");
        }
        System.out.print("\u001b[2J");
        while (true) {
            String text = daemon.ask(new ControlRequest.Status(resource, form()));
            // Home, each line to its end, the rest of the screen: no flicker, nothing left over.
            System.out.print("\u001b[H" + text.replace("\n", "\u001b[K\n") + "\u001b[J");
            System.out.flush();
            try {
                Thread.sleep(REPAINT_MILLIS);
            } catch (InterruptedException ended) {
                return;
            }
        }
    }

    private static boolean isTerminal() {
        return System.console() != null && System.console().isTerminal();
    }

    private static int columns() {
        String columns = System.getenv("COLUMNS");
        if (columns == null || !columns.matches("[0-9]{1,4}")) return DEFAULT_COLUMNS;
        return Math.clamp(Integer.parseInt(columns), 40, 1000);
    }
}
