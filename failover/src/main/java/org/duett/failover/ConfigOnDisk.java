package org.duett.failover;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.duett.failover.config.ClusterConfig;
import org.duett.failover.config.ClusterConfigReader;
import org.duett.failover.config.ConfigDigest;
import org.duett.failover.config.KeyFile;
import org.duett.replicator.config.ConfigException;
import org.duett.replicator.file.FileTrouble;

/**
 * What the files say now, beside what the running daemon has read. Its own file may have changed since, and whoever asks for a check may
 * mean another one.
 */
final class ConfigOnDisk {
    private final Path own;
    private final ClusterConfig running;
    private final ConfigDigest digest;

    /** {@code lines}: for whoever reads the answer; {@code problems}: each makes it a bad one. */
    record Finding(List<String> lines, List<String> problems) {
        Finding {
            lines = List.copyOf(lines);
            problems = List.copyOf(problems);
        }
    }

    /** {@code own}: what the daemon has read, as {@code running} and {@code digest}. */
    ConfigOnDisk(Path own, ClusterConfig running, ConfigDigest digest) {
        this.own = own;
        this.running = running;
        this.digest = digest;
    }

    /** {@code asked}: the file that whoever asks has named; empty: he has named none. */
    Finding look(String asked) {
        List<String> lines = new ArrayList<>();
        List<String> problems = new ArrayList<>();
        lines.add("The failover daemon of " + running.localNode() + " runs with " + own + ".");
        lookAtOwn(lines, problems);
        if (!asked.isEmpty() && !isOwn(Path.of(asked))) lookAtOther(asked, lines, problems);
        return new Finding(lines, problems);
    }

    /** The files may have changed since the daemon has read them, or what they allow has. */
    private void lookAtOwn(List<String> lines, List<String> problems) {
        try {
            ClusterConfigReader.Result read = read(own);
            lines.addAll(read.advice());
            Differences differences = differences(read);
            if (differences.what.isEmpty()) return;
            String told = own + " has changed since this daemon has read it: " + differences + ". It goes on with what it has read, and all that is said here is about that;"
                    + " what stands there now counts when it is started again (systemctl restart duett-cluster), which leaves running what runs.";
            if (differences.harmful) problems.add(told);
            else lines.add("Note: " + told);
        } catch (ConfigException wrong) {
            problems.add("this daemon could not be started again: " + wrong.getMessage());
        } catch (IOException failed) {
            problems.add("this daemon could not be started again: " + FileTrouble.inWords(failed));
        }
    }

    private void lookAtOther(String asked, List<String> lines, List<String> problems) {
        String notIt = "you have asked with " + asked + ", but this daemon runs with " + own + ", and all else that is said here is about that. ";
        try {
            Differences differences = differences(read(Path.of(asked)));
            if (differences.what.isEmpty()) lines.add("Asked with " + asked + ", which says the same of this cluster.");
            else problems.add(notIt + asked + " reads well, and says something else: " + differences + ". Ask without --config for what runs; to use " + asked
                    + ", put it in the place of the other on both nodes, and start the daemons again.");
        } catch (ConfigException wrong) {
            problems.add(notIt + "With " + asked + " it could not be started: " + wrong.getMessage());
        } catch (IOException failed) {
            problems.add(notIt + "With " + asked + " it could not be started: " + FileTrouble.inWords(failed));
        }
    }

    private boolean isOwn(Path asked) {
        try {
            return Files.isSameFile(asked, own);
        } catch (IOException gone) {
            // Reading it says why.
            return asked.equals(own);
        }
    }

    private static ClusterConfigReader.Result read(Path file) throws ConfigException, IOException {
        ClusterConfigReader.Result read = ClusterConfigReader.read(file);
        KeyFile.read(read.cluster().keyFile());
        return read;
    }

    private record Differences(List<String> what, boolean harmful) {
        @Override
        public String toString() {
            return String.join("; ", what);
        }
    }

    private Differences differences(ClusterConfigReader.Result read) {
        List<ConfigDigest.Difference> told = digest.differencesTo(ConfigDigest.of(read.cluster(), read.replicator()));
        List<String> what = new ArrayList<>(told.stream().map(each -> each.part().what()).toList());
        boolean onlyWhatMayDiffer = what.isEmpty() && !read.cluster().equals(running);
        if (onlyWhatMayDiffer) what.add("keepalive, warntime, interfaces, notifiers, the key file's place or another setting that may differ between the nodes");
        return new Differences(what, told.stream().anyMatch(ConfigDigest.Difference::harmful));
    }
}
