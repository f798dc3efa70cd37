package org.duett.failover;

import java.io.IOException;
import java.io.StringReader;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.TreeMap;
import org.duett.failover.decision.ClusterRecord;
import org.duett.replicator.file.WholeFile;

/**
 * What the failover daemon remembers over restarts, in the state directory: a small file of properties, replaced as a whole, durable when
 * {@link #write} returns. Beside it the number of this life of the daemon, which grows with each start.
 */
final class RecordFile {
    private static final String GROUP = "group.";

    private final Path file;
    private final Path livesFile;
    private final Path pauseFile;

    RecordFile(Path stateDirectory) {
        file = stateDirectory.resolve("cluster.record");
        livesFile = stateDirectory.resolve("cluster.lives");
        pauseFile = stateDirectory.resolve("cluster.pause");
    }

    /** What was written last; empty when there is nothing yet. A damaged file is an error: guessing who was active last could start old data. */
    ClusterRecord read() throws IOException {
        Properties properties = load(file);
        List<ClusterRecord.GroupRecord> groups = new ArrayList<>();
        try {
            for (String name : new TreeMap<>(properties).keySet().stream().map(Object::toString).filter(key -> key.startsWith(GROUP)).toList()) {
                String[] words = properties.getProperty(name).split(" ");
                groups.add(new ClusterRecord.GroupRecord(name.substring(GROUP.length()), Long.parseLong(words[0]), words[1].equals("held"),
                        Long.parseLong(words[2]), words.length > 3 ? Long.parseLong(words[3]) : 0));
            }
        } catch (IndexOutOfBoundsException | NumberFormatException damaged) {
            throw new IOException(file + " is damaged (" + damaged.getMessage() + "). Nothing was started. Remove it when you know which node was active"
                    + " last, and start the groups there: duett cluster start", damaged);
        }
        return new ClusterRecord(flag(properties, "standby"), flag(properties, "single"), flag(properties, "goodbye"), groups);
    }

    private static boolean flag(Properties properties, String name) {
        return properties.getProperty(name, "no").equals("yes");
    }

    private static Properties load(Path file) throws IOException {
        Properties properties = new Properties();
        try {
            properties.load(new StringReader(Files.readString(file)));
        } catch (NoSuchFileException first) {
            return properties;
        }
        return properties;
    }

    void write(ClusterRecord record) throws IOException {
        StringBuilder text = new StringBuilder("# written by the failover daemon\n");
        text.append("standby=").append(record.standby() ? "yes" : "no").append('\n');
        text.append("single=").append(record.single() ? "yes" : "no").append('\n');
        text.append("goodbye=").append(record.saidGoodbye() ? "yes" : "no").append('\n');
        for (ClusterRecord.GroupRecord group : record.groups()) {
            Properties escaped = new Properties();
            escaped.setProperty(GROUP + group.name(), group.startCounter() + (group.held() ? " held " : " free ") + group.heldVersion() + " " + group.heardCounter());
            StringWriter lines = new StringWriter();
            escaped.store(lines, null);
            lines.toString().lines().filter(line -> !line.startsWith("#")).forEach(line -> text.append(line).append('\n'));
        }
        WholeFile.replaceDurably(file, text.toString());
    }

    /** Automatic takeover is off for so long; its end is remembered by the clock of the wall, as the machine may be restarted meanwhile. */
    void writePause(long forNanos) throws IOException {
        WholeFile.replaceDurably(pauseFile, "until=" + (System.currentTimeMillis() + forNanos / 1_000_000) + "\n");
    }

    long pausedForNanos() throws IOException {
        long until = Long.parseLong(load(pauseFile).getProperty("until", "0"));
        return Math.max(0, until - System.currentTimeMillis()) * 1_000_000;
    }

    /** The number of this life, one more than the last; never less than the clock says, should the file be lost. */
    long nextLife() throws IOException {
        Properties properties = load(livesFile);
        long next = Math.max(Long.parseLong(properties.getProperty("lives", "0")) + 1, System.currentTimeMillis() / 1000);
        WholeFile.replaceDurably(livesFile, "lives=" + next + "\n");
        return next;
    }
}
