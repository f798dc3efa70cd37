package org.duett.bench.host;

import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The folder that this program was built in: where the launcher is, and what the commit is. */
public final class SourceTree {

    private SourceTree() {
    }

    /** The topmost folder; the working directory when the classes lie elsewhere. */
    public static Path top() {
        try {
            // bench/target/classes, or a jar in bench/target
            Path classes = Path.of(SourceTree.class.getProtectionDomain().getCodeSource().getLocation().toURI());
            for (Path folder = classes; folder != null; folder = folder.getParent()) {
                if (Files.isExecutable(folder.resolve("duett")) && Files.exists(folder.resolve("pom.xml")))
                    return folder;
            }
        } catch (URISyntaxException e) {
            throw new IllegalStateException("our own place is no file", e);
        }
        return Path.of("").toAbsolutePath();
    }

    public static Path launcher() {
        return top().resolve("duett");
    }
}
