package org.duett.bench.node;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.duett.bench.host.FreePort;
import org.duett.bench.host.TemporaryFolder;

/**
 * A folder with everything of two nodes, alpha and beta, that mirror one resource over the loopback network: the resource as
 * both know it in one file, a folder with configuration, disk, log and sockets for each.
 */
public final class PairFolder implements AutoCloseable {

    /** The kernel takes 107 bytes for a Unix socket, which the daemon binds in a directory of its own beside its place. */
    private static final int LONGEST_RUN_DIRECTORY_BYTES = 80;

    private final TemporaryFolder temporary;
    private final Path folder;
    private final String resource;
    private final NodeFolder alpha;
    private final NodeFolder beta;

    private PairFolder(TemporaryFolder temporary, String resource) {
        this.temporary = temporary;
        folder = temporary.path();
        this.resource = resource;
        alpha = new NodeFolder("alpha", folder.resolve("alpha"));
        beta = new NodeFolder("beta", folder.resolve("beta"));
    }

    /**
     * Makes a new folder below {@code parent} and writes the configurations. {@code sections} are further sections of the resource,
     * such as {@code "net { timeout 60; }"}.
     */
    public static PairFolder create(Path parent, String prefix, String resource, List<String> sections) {
        var pair = new PairFolder(TemporaryFolder.create(parent, prefix), resource);
        try {
            pair.refuseLongPath();
            List<Integer> ports = FreePort.find(2);
            Files.writeString(pair.resourceFile(), pair.resourceText(ports, sections));
            pair.writeNode(pair.alpha);
            pair.writeNode(pair.beta);
            return pair;
        } catch (IOException e) {
            pair.close();
            throw new UncheckedIOException("Could not prepare two nodes in " + pair.folder + ": " + e.getMessage(), e);
        }
    }

    private void refuseLongPath() throws IOException {
        int bytes = alpha.runDirectory().toString().getBytes(StandardCharsets.UTF_8).length;
        if (bytes > LONGEST_RUN_DIRECTORY_BYTES)
            throw new IOException("its path is too long for Unix sockets; choose a shorter one");
    }

    private void writeNode(NodeFolder node) throws IOException {
        Files.createDirectories(node.folder());
        Files.writeString(node.configuration(), """
                # Node %1$s of a pair on this machine.
                include "%2$s";

                duett {
                    node-name        %1$s;
                    run-directory    "%3$s";
                    state-directory  "%4$s";
                }
                """.formatted(node.name(), resourceFile(), node.runDirectory(), node.stateDirectory()));
    }

    private String resourceText(List<Integer> ports, List<String> sections) {
        return """
                # The mirrored volume, as both nodes know it.
                resource %s {
                    %s
                    on alpha {
                        device     /dev/drbd0;
                        disk       "%s";
                        meta-disk  internal;
                        address    127.0.0.1:%d;
                    }
                    on beta {
                        device     /dev/drbd0;
                        disk       "%s";
                        meta-disk  internal;
                        address    127.0.0.1:%d;
                    }
                }
                """.formatted(resource, String.join("\n    ", sections), alpha.disk(), ports.get(0), beta.disk(),
                ports.get(1));
    }

    public Path folder() {
        return folder;
    }

    public Path resourceFile() {
        return folder.resolve(resource + ".res");
    }

    public String resource() {
        return resource;
    }

    public NodeFolder alpha() {
        return alpha;
    }

    public NodeFolder beta() {
        return beta;
    }

    /** It stays when we end. */
    public void letGo() {
        temporary.letGo();
    }

    /** Deletes all of it. */
    @Override
    public void close() {
        temporary.close();
    }
}
