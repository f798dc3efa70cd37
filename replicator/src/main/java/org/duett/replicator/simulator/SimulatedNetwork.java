package org.duett.replicator.simulator;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.SplittableRandom;
import org.duett.replicator.machine.Event;
import org.duett.replicator.machine.Event.PeerLost.Reason;
import org.duett.replicator.wire.PacketEncoder;
import org.duett.replicator.wire.Packet;
import org.duett.replicator.wire.WireException;
import org.duett.replicator.wire.WireSocket;

/**
 * The cable between the two nodes, as TCP shows it: in order within a connection, cut at any byte, slow, silent in one direction or
 * both, broken with data queued. Packets travel as the bytes that the real codec makes of them.
 */
public final class SimulatedNetwork {
    private static final long CONNECT_NANOS = 2_000_000;

    /** How long what is sent takes, and of how many packets of a socket the last ones may arrive together. */
    enum Cable {
        USUAL(20_000, 300_000, 8),
        /** Faster than any disk: what is sent arrives before anything else has happened. */
        SHORT(1_000, 10_000, 8),
        /** Between two towns: both have done much before either hears of it, and much arrives at once. */
        LONG(1_000_000, 8_000_000, 64),
        /** Its two sockets overtake each other by far. */
        UNEVEN(20_000, 20_000_000, 64);

        private final long shortestNanos;
        private final long longestNanos;
        private final int packetsAtOnce;

        Cable(long shortestNanos, long longestNanos, int packetsAtOnce) {
            this.shortestNanos = shortestNanos;
            this.longestNanos = longestNanos;
            this.packetsAtOnce = packetsAtOnce;
        }
    }

    private final SimulatedTime time;
    private final SplittableRandom random;
    private final SimulatedNode[] nodes = new SimulatedNode[2];
    private final boolean[] silent = new boolean[2];
    private Cable cable = Cable.USUAL;
    private boolean cut;
    /** In the next connection: who goes silent, or hangs up and is not heard to, how long after it was made; null: nobody. */
    private Silence inNextHandshake;
    private boolean endsNeedTheCable;
    /** Ends of connections that the cable has not carried over yet. */
    private final List<Runnable> untold = new ArrayList<>();
    /** What blocks travel in. */
    private final SpareArrays arrays = SpareArrays.ofThisThread();
    private Link link;
    private long bytesCarried;
    /** The next packet of this sender that can be spoiled is. */
    private final boolean[] spoils = new boolean[2];
    private boolean digestsAreSent;

    private record Silence(int node, long afterNanos, boolean hangsUp) {
    }

    SimulatedNetwork(SimulatedTime time, long seed) {
        this.time = time;
        random = new SplittableRandom(seed);
    }

    void join(int index, SimulatedNode node) {
        nodes[index] = node;
    }

    void isOf(Cable newCable) {
        cable = newCable;
    }

    // ---- one connection incarnation on both sides

    /** Both sockets between the two nodes, from pairing to loss. */
    final class Link {
        final int[] incarnations = new int[2];
        /** A process that begins anew counts its connections anew, and hears nothing of those of the one before it (seed 1810451). */
        private final int[] lives = {nodes[0].life(), nodes[1].life()};
        final Stream[][] streams = new Stream[2][2];
        final PacketEncoder[] encoders = {new PacketEncoder(), new PacketEncoder()};
        boolean broken;
        /** Nothing arrives any more, on either side. */
        boolean deaf;

        Link(int first, int second) {
            incarnations[0] = first;
            incarnations[1] = second;
            for (int from = 0; from < 2; from++) {
                for (WireSocket socket : WireSocket.values()) streams[from][socket.ordinal()] = new Stream(this, from, socket);
            }
        }

        void send(int from, Packet packet) {
            if (broken) return;
            ByteBuf bytes = packet instanceof Packet.Data data ? new BlockBuffer(arrays, SpareArrays.WIRE_HEADER_BYTES + data.lengthBytes, SpareArrays.WIRE_HEADER_BYTES) : Unpooled.buffer(64);
            encoders[from].encode(packet, bytes);
            if (packet instanceof Packet.Data data) bytes.writeBytes(data.payload, data.payloadIndex, data.lengthBytes);
            boolean spoiled = spoils[from] && spoil(packet, bytes);
            if (spoiled) spoils[from] = false;
            streams[from][PacketEncoder.socketOf(packet).ordinal()].send(bytes, spoiled);
        }

        /** One bit turns over: of data that a digest covers, or of what every header begins with. False: not in this packet. */
        private boolean spoil(Packet packet, ByteBuf bytes) {
            boolean inData = digestsAreSent && random.nextBoolean();
            if (inData && !(packet instanceof Packet.Data)) return false;
            int at = packet instanceof Packet.Data data && inData ? bytes.readableBytes() - 1 - random.nextInt(data.lengthBytes) : random.nextInt(2);
            bytes.setByte(at, bytes.getByte(at) ^ 1 << random.nextInt(8));
            return true;
        }

        /** The connection is gone for both, each told in its own time; what is queued is lost. */
        void breakOff(String why) {
            if (broken) return;
            broken = true;
            if (link == this) link = null;
            for (int side = 0; side < 2; side++) {
                for (Stream stream : streams[side]) stream.drop();
            }
            if (cut && endsNeedTheCable) untold.add(() -> tellOfEnd(why));
            else tellOfEnd(why);
        }

        private void tellOfEnd(String why) {
            for (int side = 0; side < 2; side++) {
                int told = side;
                time.after(delay(), () -> tell(told, why));
            }
        }

        void tell(int side, String why) {
            if (nodes[side].life() == lives[side]) nodes[side].peerLost(incarnations[side], Reason.BROKEN_PIPE, why);
        }
    }

    /** One direction of one socket. */
    private final class Stream {
        final Link owner;
        final int from;
        final WireSocket socket;
        final Deque<ByteBuf> queued = new ArrayDeque<>();
        boolean underWay;
        private ByteBuf spoiled;

        Stream(Link owner, int from, WireSocket socket) {
            this.owner = owner;
            this.from = from;
            this.socket = socket;
        }

        void send(ByteBuf bytes, boolean isSpoiled) {
            queued.add(bytes);
            if (isSpoiled) spoiled = bytes;
            deliverSoon();
        }

        void deliverSoon() {
            if (underWay || queued.isEmpty()) return;
            underWay = true;
            time.after(delay(), this::deliver);
        }

        void deliver() {
            underWay = false;
            if (owner.broken || queued.isEmpty()) return;
            if (cut || owner.deaf || silent[from] || nodes[1 - from].readingPaused(socket)) return;
            int packets = 1 + random.nextInt(cable.packetsAtOnce);
            for (int i = 0; i < packets && !queued.isEmpty() && !owner.broken; i++) {
                ByteBuf bytes = queued.poll();
                deliver(bytes);
                bytes.release();
            }
            deliverSoon();
        }

        void deliver(ByteBuf bytes) {
            bytesCarried += bytes.readableBytes();
            // Now and then a segment ends in the midst of a packet.
            int piece = random.nextInt(16) == 0 ? 1 + random.nextInt(bytes.readableBytes()) : bytes.readableBytes();
            try {
                int end = bytes.writerIndex();
                bytes.writerIndex(bytes.readerIndex() + piece);
                nodes[1 - from].received(owner.incarnations[1 - from], socket, bytes);
                boolean isMore = bytes.writerIndex() < end;
                bytes.writerIndex(end);
                if (isMore && !owner.broken) nodes[1 - from].received(owner.incarnations[1 - from], socket, bytes);
                boolean isTaken = bytes == spoiled && !owner.broken && nodes[1 - from].listensTo(owner.incarnations[1 - from]);
                if (isTaken) throw new AssertionError(nodes[1 - from].name() + " has not noticed that a bit had turned over on its way here");
            } catch (WireException e) {
                nodes[1 - from].peerLost(owner.incarnations[1 - from], Reason.PROTOCOL_ERROR, e.getMessage());
                owner.breakOff("the peer did not understand us");
            }
        }

        void drop() {
            queued.forEach(ByteBuf::release);
            queued.clear();
        }
    }

    private long delay() {
        return random.nextLong(cable.shortestNanos, cable.longestNanos);
    }

    // ---- pairing

    /** A node has begun to try; when both do and the cable is whole they find each other. */
    void tries() {
        time.after(CONNECT_NANOS + delay(), this::pair);
    }

    private void pair() {
        if (cut || silent[0] || silent[1]) return;
        if (link != null) knock();
        if (link != null || !nodes[0].isTrying() || !nodes[1].isTrying()) return;
        Link fresh = new Link(nodes[0].connection(), nodes[1].connection());
        link = fresh;
        int flagged = random.nextInt(2);
        nodes[0].paired(fresh, 0, flagged == 0);
        nodes[1].paired(fresh, 1, flagged == 1);
        Silence due = inNextHandshake;
        inNextHandshake = null;
        if (due == null) return;
        time.after(1 + due.afterNanos, () -> {
            if (link != fresh) return;
            if (due.hangsUp) halfOpen(due.node);
            else silent[due.node] = true;
        });
    }

    /** Who still holds the last connection to be good hears that the other one tries to make one; not always, so that some half-open ones last. */
    private void knock() {
        for (int index = 0; index < 2; index++) {
            boolean knocks = nodes[1 - index].isTrying() && nodes[index].listensTo(link.incarnations[index]) && random.nextInt(4) == 0;
            if (knocks) nodes[index].deliver(new Event.PeerKnocked(link.incarnations[index]));
            // It may have ended by that.
            if (link == null) return;
        }
    }

    // ---- faults

    /** Nothing passes any more, and nobody is told. */
    public void pull() {
        cut = true;
    }

    /** From now on who is behind a pulled cable does not hear either that the other end has closed: it goes on until it notices by itself. */
    public void endsNeedTheCable() {
        endsNeedTheCable = true;
    }

    /** What this node sends does not arrive. */
    public void silence(int node) {
        silent[node] = true;
    }

    /** So that of the next connection one node may see the whole handshake, and the other one does not. */
    void silenceInNextHandshake(int node, long afterNanos) {
        inNextHandshake = new Silence(node, afterNanos, false);
    }

    /** So that the other one waits in its midst for somebody who has gone. */
    void halfOpenInNextHandshake(int node, long afterNanos) {
        inNextHandshake = new Silence(node, afterNanos, true);
    }

    /** What this node sends arrives again. */
    void speaks(int node) {
        silent[node] = false;
        inNextHandshake = null;
        resume();
        tries();
    }

    /** The cable is whole again; what was queued goes on. */
    public void heal() {
        cut = false;
        inNextHandshake = null;
        silent[0] = false;
        silent[1] = false;
        spoils[0] = spoils[1] = false;
        untold.forEach(Runnable::run);
        untold.clear();
        resume();
        tries();
    }

    /** A paused reader reads again. */
    void resume() {
        if (link == null) return;
        for (Stream[] side : link.streams) {
            for (Stream stream : side) stream.deliverSoon();
        }
    }

    /** Both ends see the connection break. */
    public void reset() {
        if (link != null) link.breakOff("connection reset");
    }

    /** This node sees the connection break; the other one goes on talking to nobody until it notices by itself. */
    public void halfOpen(int node) {
        if (link == null) return;
        Link half = link;
        if (half.deaf) half.breakOff("connection reset on both sides, one after the other");
        half.deaf = true;
        time.after(delay(), () -> half.tell(node, "connection reset here only"));
    }

    /** A bit of what this node sends next turns over where the receiver must notice it: in the header, or in data that has a digest. */
    void spoil(int node) {
        spoils[node] = true;
    }

    void sendsDigests() {
        digestsAreSent = true;
    }

    /** What one node sends now the other one gets. */
    boolean carries() {
        return link != null && !link.deaf && !cut && !silent[0] && !silent[1];
    }

    public long bytesCarried() {
        return bytesCarried;
    }
}
