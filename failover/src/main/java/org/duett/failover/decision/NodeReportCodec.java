package org.duett.failover.decision;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.duett.failover.config.ReportRoom;
import org.duett.failover.heartbeat.HeartbeatCodec;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;

/** A {@link NodeReport} as the body of a heartbeat, or of several. Names are cut at {@value #MOST_NAME_BYTES} bytes, details at {@value #MOST_DETAIL_BYTES}. */
public final class NodeReportCodec {
    private static final int FORMAT = 2;
    private static final int MOST_NAME_BYTES = 64;
    private static final int MOST_DETAIL_BYTES = 80;
    private static final String MORE = " ...";

    private NodeReportCodec() {
    }

    /** The bytes are no report of this format. */
    public static final class Malformed extends Exception {
        Malformed(String what) {
            super(what);
        }
    }

    /**
     * For datagrams with room for {@code partBytes} each. Details are for people: they are left out when they would cost one more, as each can be
     * lost. Of several halts the one that is youngest always fits (the configuration was refused otherwise), and the older ones are left out
     * before it.
     */
    public static byte[] encode(NodeReport report, int partBytes) {
        return encode(report, partBytes, HeartbeatCodec.MOST_PARTS);
    }

    static byte[] encode(NodeReport report, int partBytes, int mostParts) {
        byte[] whole = encode(report);
        if (whole.length <= partBytes) return whole;
        List<NodeReport.GroupReport> brief = report.groups().stream().map(NodeReport.GroupReport::withoutDetail).toList();
        var halts = new ArrayList<>(report.failStops());
        halts.sort(Comparator.comparingLong(NodeReport.FailStop::agoMillis));
        while (true) {
            byte[] rest = encode(new NodeReport(report.mode(), report.pausedForNanos(), report.wallClockMillis(), brief, report.resources(), halts));
            int parts = Math.ceilDiv(rest.length, partBytes);
            if (whole.length <= Math.min(parts, mostParts) * partBytes) return whole;
            if (parts <= mostParts || halts.isEmpty()) return rest;
            halts.removeLast();
        }
    }

    private static byte[] encode(NodeReport report) {
        var bytes = new ByteArrayOutputStream(512);
        try (var out = new DataOutputStream(bytes)) {
            out.writeByte(FORMAT);
            out.writeByte(report.mode().ordinal());
            out.writeLong(report.pausedForNanos());
            out.writeLong(report.wallClockMillis());
            out.writeByte(report.groups().size());
            for (NodeReport.GroupReport group : report.groups()) write(group, out);
            out.writeByte(report.resources().size());
            for (NodeReport.ResourceReport resource : report.resources()) write(resource, out);
            out.writeByte(report.failStops().size());
            for (NodeReport.FailStop halt : report.failStops()) {
                text(halt.resource(), MOST_NAME_BYTES, out);
                text(halt.event(), MOST_NAME_BYTES, out);
                out.writeLong(halt.agoMillis());
            }
        } catch (IOException impossible) {
            throw new AssertionError("an array takes everything", impossible);
        }
        return bytes.toByteArray();
    }

    private static void write(NodeReport.GroupReport group, DataOutputStream out) throws IOException {
        text(group.name(), MOST_NAME_BYTES, out);
        out.writeByte(group.phase().ordinal());
        out.writeLong(group.startCounter());
        out.writeByte(flags(group.willing(), group.offered(), group.asksForIt(), group.held(), group.troubled(), group.frozen()));
        out.writeLong(group.heldVersion());
        detail(group.detail(), out);
    }

    private static void write(NodeReport.ResourceReport resource, DataOutputStream out) throws IOException {
        text(resource.name(), MOST_NAME_BYTES, out);
        out.writeByte(resource.role().ordinal());
        out.writeByte(resource.disk().ordinal());
        out.writeByte(flags(resource.connected(), resource.alone(), resource.eyewitness()));
        out.writeLong(resource.current());
        out.writeLong(resource.term());
        out.writeLong(resource.ask());
        out.writeLong(resource.answered());
    }

    private static int flags(boolean... values) {
        int flags = 0;
        for (int i = 0; i < values.length; i++) {
            if (values[i]) flags |= 1 << i;
        }
        return flags;
    }

    private static void text(String text, int most, DataOutputStream out) throws IOException {
        byte[] bytes = cut(text, most);
        out.writeByte(bytes.length);
        out.write(bytes);
    }

    /** One that is cut says so: the other node shows it, and its end may be what its reader needs. */
    private static void detail(String detail, DataOutputStream out) throws IOException {
        boolean fits = detail.getBytes(StandardCharsets.UTF_8).length <= MOST_DETAIL_BYTES;
        String shown = fits ? detail : new String(cut(detail, MOST_DETAIL_BYTES - MORE.length()), StandardCharsets.UTF_8) + MORE;
        text(shown, MOST_DETAIL_BYTES, out);
    }

    private static byte[] cut(String text, int most) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        int length = Math.min(bytes.length, most);
        // A character is not cut in two.
        while (length < bytes.length && length > 0 && (bytes[length] & 0xc0) == 0x80) length--;
        return Arrays.copyOf(bytes, length);
    }

    public static NodeReport decode(byte[] bytes) throws Malformed {
        try (var in = new DataInputStream(new ByteArrayInputStream(bytes))) {
            int format = in.readUnsignedByte();
            if (format != FORMAT) throw new Malformed("a report of format " + format + ", this is " + FORMAT);
            NodeMode mode = oneOf(NodeMode.values(), in.readUnsignedByte());
            long paused = in.readLong();
            long wallClock = in.readLong();
            List<NodeReport.GroupReport> groups = new ArrayList<>();
            for (int left = count(in); left > 0; left--) groups.add(group(in));
            List<NodeReport.ResourceReport> resources = new ArrayList<>();
            for (int left = count(in); left > 0; left--) resources.add(resource(in));
            List<NodeReport.FailStop> failStops = new ArrayList<>();
            for (int left = count(in); left > 0; left--) failStops.add(new NodeReport.FailStop(text(in), text(in), in.readLong()));
            if (in.read() >= 0) throw new Malformed("bytes behind the end of a report");
            return new NodeReport(mode, paused, wallClock, groups, resources, failStops);
        } catch (IOException cut) {
            throw new Malformed("a report that ends too early");
        }
    }

    private static int count(DataInputStream in) throws IOException, Malformed {
        int count = in.readUnsignedByte();
        if (count > ReportRoom.MOST_ENTRIES) throw new Malformed("a report with " + count + " entries");
        return count;
    }

    private static NodeReport.GroupReport group(DataInputStream in) throws IOException, Malformed {
        String name = text(in);
        GroupPhase phase = oneOf(GroupPhase.values(), in.readUnsignedByte());
        long startCounter = in.readLong();
        int flags = in.readUnsignedByte();
        long heldVersion = in.readLong();
        return new NodeReport.GroupReport(name, phase, startCounter, (flags & 1) != 0, (flags & 2) != 0, (flags & 4) != 0, (flags & 8) != 0,
                heldVersion, (flags & 16) != 0, (flags & 32) != 0, text(in));
    }

    private static NodeReport.ResourceReport resource(DataInputStream in) throws IOException, Malformed {
        String name = text(in);
        Role role = oneOf(Role.values(), in.readUnsignedByte());
        DiskState disk = oneOf(DiskState.values(), in.readUnsignedByte());
        int flags = in.readUnsignedByte();
        return new NodeReport.ResourceReport(name, role, disk, (flags & 1) != 0, in.readLong(), in.readLong(), (flags & 2) != 0, (flags & 4) != 0,
                in.readLong(), in.readLong());
    }

    private static String text(DataInputStream in) throws IOException {
        byte[] bytes = new byte[in.readUnsignedByte()];
        in.readFully(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private static <T> T oneOf(T[] values, int ordinal) throws Malformed {
        if (ordinal >= values.length) throw new Malformed("a report with an unknown value " + ordinal);
        return values[ordinal];
    }
}
