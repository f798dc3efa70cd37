package org.duett.replicator.node;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Files that belong to a resource. Its name may hold any character; in a file's name most stand as {@code %XX}. */
public final class FileNames {
    private FileNames() {
    }

    static String escaped(String resource) {
        StringBuilder text = new StringBuilder();
        for (byte each : resource.getBytes(StandardCharsets.UTF_8)) {
            char character = (char) (each & 0xff);
            boolean plain = character < 0x80 && (Character.isLetterOrDigit(character) || character == '_' || character == '-'
                    || character == '.' && !text.isEmpty());
            if (plain) text.append(character);
            else text.append(String.format("%%%02X", (int) character));
        }
        return text.toString();
    }

    public static Path controlSocket(Path runDirectory) {
        return runDirectory.resolve("control.sock");
    }

    public static Path nbdSocket(Path runDirectory, String resource) {
        return runDirectory.resolve(escaped(resource) + ".nbd");
    }

    static Path term(Path runDirectory, String resource) {
        return runDirectory.resolve(escaped(resource) + ".term");
    }

    public static Path daemonLog(Path stateDirectory) {
        return stateDirectory.resolve("daemon.log");
    }
}
