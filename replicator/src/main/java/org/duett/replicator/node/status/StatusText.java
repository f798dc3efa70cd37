package org.duett.replicator.node.status;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.machine.OperatorReport;
import org.duett.replicator.node.status.ResourceView.VolumePlace;
import org.duett.replicator.resource.ResourceStatus;
import org.duett.replicator.resource.ResourceStatus.VolumeStatus;
import org.duett.replicator.resync.ResyncProgress;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.VolumeState;

/** Status for people: the verdict first, then roles, connection, volumes. All figures of a resync come from one set. */
public final class StatusText {
    private static final int NARROWEST_BAR = 10;
    private static final int WIDEST_BAR = 40;

    private enum Paint {
        GREEN("32"),
        YELLOW("33"),
        RED("31"),
        BOLD("1");

        private final String code;

        Paint(String code) {
            this.code = code;
        }
    }

    private final boolean colour;
    private final int columns;
    private final StringBuilder text = new StringBuilder();

    private StatusText(boolean colour, int columns) {
        this.colour = colour;
        this.columns = columns;
    }

    public static String of(List<ResourceView> resources, boolean colour, int columns) {
        StatusText status = new StatusText(colour, columns);
        if (resources.isEmpty()) status.line("No resource is up. Do: duett up RESOURCE");
        if (resources.size() > 1) status.verdictOnAll(resources);
        for (ResourceView resource : resources) {
            if (!status.text.isEmpty()) status.line("");
            status.resource(resource, resources.size() > 1);
        }
        return status.text.toString();
    }

    private void verdictOnAll(List<ResourceView> resources) {
        List<String> without = resources.stream().filter(view -> !view.verdict().isProtected()).map(view -> view.status().name()).toList();
        if (without.isEmpty()) {
            wrapped("", "All " + resources.size() + " resources are protected.", Paint.GREEN);
        } else {
            wrapped("", "NOT protected, of " + resources.size() + " resources: " + String.join(", ", without) + ".", Paint.RED);
        }
    }

    private void resource(ResourceView view, boolean named) {
        ResourceStatus status = view.status();
        Verdict verdict = view.verdict();
        wrapped("", (named ? status.name() + ": " : "") + verdict.sentence(), verdict.isProtected() ? Paint.GREEN : Paint.RED);
        view.trouble().ifPresent(this::trouble);
        line("");
        line(painted(status.name(), Paint.BOLD) + "  " + role(status.localNode(), status.role()) + ", "
                + role(status.peerNode(), status.peerRole()) + ", " + connection(status) + ", protocol " + status.protocol());
        if (status.frozen() && !status.volumes().isEmpty()) wrapped("  ", heldBack(status), Paint.RED);
        view.proof().ifPresent(proof -> wrapped("  ", "Goes on alone. Proof: " + proof, null));
        for (int i = 0; i < status.volumes().size(); i++) volume(status, status.volumes().get(i), view.places().get(i));
    }

    private void trouble(OperatorReport report) {
        wrapped("  ", report.whatHappened(), Paint.YELLOW);
        wrapped("  ", report.keptSafe(), null);
        wrapped("  ", report.whatToDo(), null);
    }

    private String role(String node, Role role) {
        String text = node + " " + role.displayName();
        return role == Role.PRIMARY ? painted(text, Paint.BOLD) : text;
    }

    private String connection(ResourceStatus status) {
        ConnectionState connection = status.connection();
        return painted(connection.displayName(), connection.isEstablished() ? Paint.GREEN
                : connection == ConnectionState.STAND_ALONE ? Paint.RED : Paint.YELLOW);
    }

    /** Why nothing moves, and what lets it go on. */
    private static String heldBack(ResourceStatus status) {
        VolumeState state = status.volumes().getFirst().state();
        String why;
        if (state.suspendedByUser()) why = "by suspend-io. Do: duett resume-io " + status.name();
        else if (state.suspendedNoData()) why = "until good data is at hand: bring " + status.peerNode() + " back, or a good disk (on-no-data-accessible suspend-io).";
        else if (state.suspendedFencing()) why = "until " + status.peerNode() + " is fenced, or back (fencing resource-and-stonith).";
        else if (status.cluster()) why = "until there is proof that " + status.peerNode() + " is down, or it is back.";
        else why = "until the loss of a copy is on record, or by the failover daemon.";
        return "The host's reads and writes are held " + why;
    }

    private void volume(ResourceStatus status, VolumeStatus volume, VolumePlace place) {
        VolumeState state = volume.state();
        line("  volume " + volume.number() + "  " + Amounts.bytes(volume.sizeBytes()) + "  " + disk(status.localNode(), state.disk())
                + ", " + disk(status.peerNode(), state.peerDisk())
                + (state.connection().isAbove(ConnectionState.CONNECTED) ? "  " + painted(state.connection().displayName(), Paint.YELLOW)
                        : ""));
        volume.resync().ifPresent(figures -> resync(state, figures));
        if (volume.resync().isEmpty() && volume.outOfSyncBytes() > 0) {
            line("    " + Amounts.bytes(volume.outOfSyncBytes()) + " may differ from " + status.peerNode()
                    + " and will be copied by the next resync");
        }
        pauses(state);
        line("    disk    " + place.disk() + (place.engine().isEmpty() ? "" : " (" + place.engine() + ")"));
        place.nbdUri().ifPresent(uri -> line("    attach  " + uri));
        line("    data    generation " + GenerationIdentifiers.hexadecimal(volume.identifiers().current())
                + (volume.crashedPrimary() ? ", Primary when it crashed" : ""));
        weaker(volume, place).ifPresent(note -> wrapped("    ", note, Paint.YELLOW));
    }

    private String disk(String node, DiskState disk) {
        Paint paint = switch (disk) {
            case UP_TO_DATE -> Paint.GREEN;
            case DISKLESS, FAILED -> Paint.RED;
            case ATTACHING, NEGOTIATING, INCONSISTENT, OUTDATED, UNKNOWN, CONSISTENT -> Paint.YELLOW;
        };
        return node + " " + painted(disk.displayName(), paint);
    }

    private void resync(VolumeState state, ResyncProgress.Figures figures) {
        String done = Amounts.percent(figures.percent()) + "  " + Amounts.ofTotal(figures.doneBytes(), figures.totalBytes());
        line("    " + bar(figures.percent(), columns - 6 - done.length()) + " " + done);
        if (state.isSyncPaused()) {
            line("    paused, " + Amounts.rate(figures.bytesPerSecondAverage()) + " on average so far");
            return;
        }
        line("    " + Amounts.rate(figures.bytesPerSecondNow()) + " now, " + Amounts.rate(figures.bytesPerSecondAverage())
                + " on average, " + (figures.etaSeconds() < 0 ? "nothing moves" : Amounts.duration(figures.etaSeconds()) + " left"));
    }

    private static String bar(double percent, int room) {
        int width = Math.clamp(room - 2, NARROWEST_BAR, WIDEST_BAR);
        int full = Math.clamp((long) (percent * width / 100), 0, width);
        return "[" + "=".repeat(Math.max(0, full - 1)) + (full > 0 ? ">" : "") + ".".repeat(width - full) + "]";
    }

    private void pauses(VolumeState state) {
        List<String> pauses = StateWords.resyncSuspended(state);
        if (!pauses.isEmpty()) line("    " + painted("resync paused: " + String.join(", ", pauses), Paint.YELLOW));
    }

    /** What makes a promise weaker than the documentation gives it. */
    private static Optional<String> weaker(VolumeStatus volume, VolumePlace place) {
        List<String> notes = new ArrayList<>();
        if (!volume.diskFlushes()) {
            notes.add("disk-flushes no: after a power loss of both nodes, what a FLUSH covered may be gone unless the disk's cache survives");
        }
        if (place.thin()) notes.add("thin file: a write fails when its file system is full, and detaches the disk");
        return notes.isEmpty() ? Optional.empty() : Optional.of("Weaker than promised: " + String.join("; ", notes) + ".");
    }

    // ---- lines

    private void line(String line) {
        text.append(line).append('\n');
    }

    private String painted(String words, Paint paint) {
        return colour && paint != null ? "\u001b[" + paint.code + "m" + words + "\u001b[0m" : words;
    }

    private void wrapped(String indent, String words, Paint paint) {
        StringBuilder row = new StringBuilder();
        for (String word : words.split("\\s+")) {
            if (!row.isEmpty() && indent.length() + row.length() + 1 + word.length() > columns) {
                line(indent + painted(row.toString(), paint));
                row.setLength(0);
            }
            row.append(row.isEmpty() ? "" : " ").append(word);
        }
        line(indent + painted(row.toString(), paint));
    }
}
