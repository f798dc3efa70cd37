package org.duett.replicator.peer;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import java.net.InetSocketAddress;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import org.duett.replicator.machine.Event;
import org.duett.replicator.transport.Transport;
import org.duett.replicator.wire.Packet;

/** One node's end of a link on a loop of its own; keeps what was delivered. Stands in for the core only as far as a test tells it to. */
final class PeerNode implements AutoCloseable {
    static final int WAIT_SECONDS = 30;
    static final PeerSettings.Timing QUICK = new PeerSettings.Timing(500, 100, 0);

    /** A packet as it was when delivered. */
    record Arrived(int connection, Class<?> kind, String content) {
    }

    final EventLoopGroup group;
    final EventLoop loop;
    final PeerConnections connections;
    final BlockingQueue<Event> events = new LinkedBlockingQueue<>();
    final BlockingQueue<Arrived> packets = new LinkedBlockingQueue<>();
    final BlockingQueue<Event.PeerKnocked> knocks = new LinkedBlockingQueue<>();
    /** All that were allocated. */
    private final Queue<ByteBuf> payloads = new ConcurrentLinkedQueue<>();
    /** What a test does while a packet is delivered. */
    volatile BiConsumer<PeerNode, Packet> whenArrived = (node, packet) -> {
    };

    PeerNode(Transport transport, InetSocketAddress local, InetSocketAddress peer) {
        this(transport, new PeerSettings("r0", local, peer, QUICK, PeerSettings.Buffers.AUTOMATIC, false), 1);
    }

    PeerNode(Transport transport, PeerSettings settings, long seed) {
        group = transport.newGroup(1, "peer-" + settings.localAddress().getHostString());
        loop = group.next();
        connections = new PeerConnections(transport, loop, settings, this::allocate, this::deliver, new Random(seed));
    }

    private ByteBuf allocate(int lengthBytes) {
        ByteBuf payload = Unpooled.directBuffer(lengthBytes);
        payloads.add(payload);
        return payload;
    }

    private void deliver(Event event) {
        assertThat(loop.inEventLoop()).isTrue();
        if (event instanceof Event.PeerKnocked knock) {
            knocks.add(knock);
            return;
        }
        if (!(event instanceof Event.PeerPacketArrived arrived)) {
            events.add(event);
            return;
        }
        Packet packet = arrived.packet;
        String content = switch (packet) {
            case Packet.Data data -> data.firstSector + " " + data.lengthBytes + " "
                    + ByteBufUtil.hexDump(data.payload, data.payloadIndex, Math.min(data.lengthBytes, 8));
            case Packet.BlockAck ack -> ack.kind + " " + ack.firstSector;
            default -> packet.toString();
        };
        var copy = new Arrived(arrived.connection, packet.getClass(), content);
        whenArrived.accept(this, packet);
        packets.add(copy);
        if (packet instanceof Packet.Data data) data.payload.release();
    }

    void connect(int connection) {
        onLoop(() -> connections.connect(connection));
    }

    void disconnect(int connection) {
        onLoop(() -> connections.disconnect(connection));
    }

    void send(int connection, Packet packet) {
        onLoop(() -> {
            connections.send(connection, packet);
            connections.flush();
        });
    }

    /** Runs on the loop and waits for it. */
    void onLoop(Runnable work) {
        ask(() -> {
            work.run();
            return null;
        });
    }

    <T> T ask(Callable<T> question) {
        try {
            return loop.submit(question).get(WAIT_SECONDS, TimeUnit.SECONDS);
        } catch (Exception failed) {
            throw new AssertionError(failed);
        }
    }

    Event nextEvent() throws InterruptedException {
        Event event = events.poll(WAIT_SECONDS, TimeUnit.SECONDS);
        assertThat(event).as("nothing was delivered").isNotNull();
        return event;
    }

    Event.PeerConnected connected(int connection) throws InterruptedException {
        Event event = nextEvent();
        assertThat(event).isInstanceOf(Event.PeerConnected.class);
        var connected = (Event.PeerConnected) event;
        assertThat(connected.connection()).isEqualTo(connection);
        return connected;
    }

    Event.PeerLost lost(int connection) throws InterruptedException {
        Event event = nextEvent();
        assertThat(event).isInstanceOf(Event.PeerLost.class);
        var lost = (Event.PeerLost) event;
        assertThat(lost.connection()).isEqualTo(connection);
        return lost;
    }

    Arrived nextPacket() throws InterruptedException {
        Arrived arrived = packets.poll(WAIT_SECONDS, TimeUnit.SECONDS);
        assertThat(arrived).as("no packet was delivered").isNotNull();
        return arrived;
    }

    /** Sends our features and waits for the peer's. */
    void exchangeFeatures(int connection) throws InterruptedException {
        send(connection, new Packet.ConnectionFeatures(101, 101, 0x0f));
        assertThat(nextPacket().kind).isEqualTo(Packet.ConnectionFeatures.class);
    }

    /** As a crash does: no word to the peer, the sockets just end. */
    void kill() throws InterruptedException {
        group.shutdownGracefully(1, 5000, TimeUnit.MILLISECONDS).sync();
    }

    @Override
    public void close() throws InterruptedException {
        if (!group.isShuttingDown()) onLoop(connections::close);
        kill();
        assertThat(payloads).as("payloads that nobody gave back").allMatch(payload -> payload.refCnt() == 0);
    }
}
