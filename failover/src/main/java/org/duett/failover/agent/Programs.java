package org.duett.failover.agent;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Where the tools of the field are looked for. */
final class Programs {
    private Programs() {
    }

    /** A name with a slash is a path. */
    static Optional<Path> find(String name) {
        if (name.contains("/")) return Optional.of(Path.of(name)).filter(Files::isExecutable);
        for (String folder : System.getenv().getOrDefault("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").split(":")) {
            if (!folder.isEmpty() && Files.isExecutable(Path.of(folder, name))) return Optional.of(Path.of(folder, name));
        }
        return Optional.empty();
    }

    /** For a rehearsal: which of them are missing, as a sentence. */
    static Optional<String> missing(List<String> names) {
        List<String> missing = new ArrayList<>();
        for (String name : names) {
            if (find(name).isEmpty()) missing.add(name);
        }
        return missing.isEmpty() ? Optional.empty() : Optional.of("not on the PATH of the daemon: " + String.join(", ", missing));
    }
}
