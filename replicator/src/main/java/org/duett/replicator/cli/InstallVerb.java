package org.duett.replicator.cli;

import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.duett.replicator.control.ExitCode;
import org.duett.replicator.file.FileTrouble;

/** {@code duett install}: the command on the path, and systemd's units for both daemons. Starts nothing and needs no network. */
final class InstallVerb {
    private static final List<String> UNITS = List.of("duett.service", "duett-cluster.service", "duett-programs.target");

    private static final Pattern PLAIN_PATH = Pattern.compile("[A-Za-z0-9/._+:@-]+");
    private static final String NOTHING_CHANGED = "Nothing was changed.";

    private final Path top;
    private final Path root;
    private final boolean force;

    /** {@code root}: everything goes below it, as for a package or a test. */
    InstallVerb(Path root, boolean force) throws CommandFailed {
        this(top(), root, force);
    }

    InstallVerb(Path top, Path root, boolean force) {
        this.top = top;
        this.root = root.toAbsolutePath();
        this.force = force;
    }

    /** The tree that this program runs from: where the launcher is. */
    private static Path top() throws CommandFailed {
        try {
            Path classes = Path.of(InstallVerb.class.getProtectionDomain().getCodeSource().getLocation().toURI()).toRealPath();
            for (Path folder = classes; folder != null; folder = folder.getParent()) {
                if (Files.isExecutable(folder.resolve("duett")) && Files.isDirectory(folder.resolve("replicator"))) return folder;
            }
            throw failed("The launcher `duett` is not above " + classes + ".", "Run the duett of the tree that is to be installed.");
        } catch (IOException | URISyntaxException unreadable) {
            throw failed("The place of this program cannot be told: " + unreadable + ".", "Run the duett of the tree that is to be installed.");
        }
    }

    void perform() throws CommandFailed {
        refuseUnwritableTop();
        List<Path> written = new ArrayList<>();
        try {
            // All are looked at before the first is written.
            for (String unit : UNITS) refuseForeign(unit);
            refuseForeignCommand();
            for (String unit : UNITS) {
                Path file = place(unit);
                Files.createDirectories(file.getParent());
                Files.writeString(file, text(unit));
                written.add(file);
                System.out.println(file);
            }
            Files.createDirectories(command().getParent());
            Files.deleteIfExists(command());
            Files.createSymbolicLink(command(), top.resolve("duett"));
            System.out.println(command() + " -> " + top.resolve("duett"));
        } catch (IOException denied) {
            throw new CommandFailed(ExitCode.ERROR, "It could not be installed: " + FileTrouble.inWords(denied) + ".",
                    written.isEmpty() ? NOTHING_CHANGED : "Nothing was started; written before that, and whole: " + written + ".",
                    "Run it as root, or choose another place: duett install --root DIRECTORY");
        }
        System.out.println("""
                Nothing was started. With the configuration in place (docs/operating/install.md):
                  systemctl daemon-reload
                  systemctl enable --now duett
                  systemctl enable --now duett-cluster      # with a section `cluster`""");
    }

    /** systemd would take a blank for the end of a word, and the others for something of its own, or of the shell's. */
    private void refuseUnwritableTop() throws CommandFailed {
        if (PLAIN_PATH.matcher(top.toString()).matches()) return;
        throw failed("The tree is in '" + top + "', which cannot stand in a unit of systemd as it is: it has other characters than letters, digits and / . _ + : @ -",
                "Move the tree to a plain path, such as /opt/duett, and run its duett install.");
    }

    private Path place(String unit) {
        return root.resolve("etc/systemd/system").resolve(unit);
    }

    private Path command() {
        return root.resolve("usr/local/bin/duett");
    }

    private void refuseForeign(String unit) throws IOException, CommandFailed {
        Path file = place(unit);
        if (Files.exists(file) && !Files.isRegularFile(file)) throw failed(file + " is there already, and is no file.", "Move it away, then install again.");
        boolean changed = Files.exists(file) && !Files.readString(file).equals(text(unit));
        if (changed && !force) {
            throw failed(file + " is there already, and differs from what would be written.",
                    "Put your changes into " + file + ".d/own.conf, then overwrite it: duett install --force");
        }
    }

    private void refuseForeignCommand() throws CommandFailed {
        Path command = command();
        if (Files.exists(command, LinkOption.NOFOLLOW_LINKS) && !Files.isSymbolicLink(command) && !force) {
            throw failed(command + " is there already, and is no link.", "Move it away, or overwrite it: duett install --force");
        }
    }

    private String text(String unit) throws IOException {
        try (InputStream template = InstallVerb.class.getResourceAsStream(unit)) {
            return new String(template.readAllBytes(), StandardCharsets.UTF_8).replace("@TOP@", top.toString());
        }
    }

    private static CommandFailed failed(String what, String whatToDo) {
        return new CommandFailed(ExitCode.ERROR, what, NOTHING_CHANGED, whatToDo);
    }
}
