package org.duett.replicator.config;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Files in the run and state directories, most of them of a resource. Its name may hold any character; in a file's name most stand as {@code %XX}. */
public final class FileNames {
    private FileNames() {
    }

    public static String escaped(String resource) {
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

    /** The resource whose name was {@link #escaped}. */
    public static String unescaped(String name) {
        return URLDecoder.decode(name.replace("+", "%2B"), StandardCharsets.UTF_8);
    }

    public static Path controlSocket(Path runDirectory) {
        return runDirectory.resolve("control.sock");
    }

    public static Path nbdSocket(Path runDirectory, String resource) {
        return runDirectory.resolve(escaped(resource) + ".nbd");
    }

    public static Path term(Path runDirectory, String resource) {
        return runDirectory.resolve(escaped(resource) + ".term");
    }

    /** That this volume's disk has been equal to the peer's in this boot (rule 24). */
    public static Path cacheIntact(Path runDirectory, String resource, int volume) {
        return runDirectory.resolve(escaped(resource) + "." + volume + ".intact");
    }

    /** At which event the replicator halted itself last (rule 25). */
    public static Path failStop(Path runDirectory, String resource) {
        return runDirectory.resolve(escaped(resource) + ".fail-stop");
    }

    /** What belongs to a volume that is attached as a block device: registry, sockets, logs. */
    public static Path attachment(Path runDirectory, String resource, int volume) {
        return runDirectory.resolve("attach").resolve(escaped(resource)).resolve(Integer.toString(volume));
    }

    /** Leads to the block device of an attached volume, whatever the kernel has called it. */
    public static Path attachedDevice(Path runDirectory, String resource, int volume) {
        return runDirectory.resolve("device").resolve(escaped(resource)).resolve(Integer.toString(volume));
    }

    public static Path daemonLog(Path stateDirectory) {
        return stateDirectory.resolve("daemon.log");
    }
}
