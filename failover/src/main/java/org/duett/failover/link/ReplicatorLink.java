package org.duett.failover.link;

import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.duett.failover.decision.ResourceView;
import org.duett.replicator.control.ControlClient;
import org.duett.replicator.control.ControlReply;
import org.duett.replicator.control.ControlRequest;
import org.duett.replicator.machine.Command;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the replicator's status again and again, and at once when it announces a change; carries orders to it, those of one resource in
 * their order. Each of its threads may hang on a replicator that hangs; the loop that decides never does.
 */
public final class ReplicatorLink implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ReplicatorLink.class);

    /** Hears what the link finds, on its threads. */
    public interface Listener {
        void seen(List<ResourceView> resources);

        void gone(boolean certain, String why);

        void answered(long order, boolean done, String detail);

        /** It had halted itself; may be told more than once. */
        void halted(String resource, String event, long bootNanos);
    }

    private final Path socket;
    private final long intervalMillis;
    private final FailStopNotes notes;
    private final Listener listener;
    private final Semaphore changed = new Semaphore(0);
    private final Map<String, ExecutorService> workers = new ConcurrentHashMap<>();
    private volatile boolean ended;
    /** When the question for the status that is open now was asked; 0: none is. */
    private volatile long askedAtNanos;
    private volatile ProcessHandle process;

    public ReplicatorLink(Path socket, long intervalMillis, FailStopNotes notes, Listener listener) {
        this.socket = socket;
        this.intervalMillis = intervalMillis;
        this.notes = notes;
        this.listener = listener;
    }

    public void start() {
        Thread.ofPlatform().daemon().name("replicator-status").start(this::watchStatus);
        Thread.ofPlatform().daemon().name("replicator-events").start(this::watchEvents);
    }

    /** For how long the replicator has not answered the question for its status; 0 while it answers. */
    public long silentMillis() {
        long asked = askedAtNanos;
        return asked == 0 ? 0 : (System.nanoTime() - asked) / 1_000_000;
    }

    // ---- status

    private void watchStatus() {
        ControlClient client = null;
        while (!ended) {
            try {
                askedAtNanos = System.nanoTime();
                if (client == null) {
                    client = connect();
                    // It may have ended and been started again between two looks.
                    notes.read(listener);
                }
                var request = new ControlRequest.Status(Optional.empty(), new ControlRequest.StatusForm.Json());
                ControlReply reply = client.ask(request, line -> {
                });
                askedAtNanos = 0;
                if (reply instanceof ControlReply.Done(String json)) listener.seen(StatusReader.read(json));
            } catch (IOException | RuntimeException failed) {
                askedAtNanos = 0;
                close(client);
                boolean lostJustNow = client != null;
                client = null;
                // The connection ended: whether the process did, the next attempt to connect tells.
                if (lostJustNow) continue;
                boolean certain = nobodyListens(failed);
                if (certain) notes.read(listener);
                listener.gone(certain, failed.getMessage());
            }
            pause();
        }
        close(client);
    }

    private static boolean nobodyListens(Exception failed) {
        String text = String.valueOf(failed.getMessage());
        return failed instanceof ConnectException && text.contains("refused") || failed instanceof SocketException && text.contains("No such file");
    }

    private void pause() {
        try {
            if (changed.tryAcquire(intervalMillis, TimeUnit.MILLISECONDS)) changed.drainPermits();
        } catch (InterruptedException stopped) {
            ended = true;
        }
    }

    private void watchEvents() {
        while (!ended) {
            try (ControlClient client = ControlClient.connect(socket)) {
                client.ask(new ControlRequest.Events(Optional.empty(), false), line -> changed.release());
            } catch (IOException lost) {
                changed.release();
            }
            try {
                Thread.sleep(intervalMillis);
            } catch (InterruptedException stopped) {
                return;
            }
        }
    }

    // ---- orders

    public void order(long order, String resource, Command command) {
        if (ended) return;
        worker(resource).execute(() -> perform(order, resource, command));
    }

    private ExecutorService worker(String resource) {
        return workers.computeIfAbsent(resource,
                name -> Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().name("replicator-orders-" + name).factory()));
    }

    /** Behind the orders of that resource, so that it is known before what could need it. */
    public void peerFailStopped(String resource, String event, long untilBootNanos) {
        if (ended) return;
        worker(resource).execute(() -> {
            try (ControlClient client = ControlClient.connect(socket)) {
                client.ask(new ControlRequest.PeerFailStopped(resource, event, untilBootNanos), line -> {
                });
                LOG.info("resource={} the peer's replicator has halted at {}: this one stops the resource alone, should it come to that", resource, event);
            } catch (IOException lost) {
                LOG.warn("resource={} the replicator could not be told at what the peer's has halted: {}", resource, lost.getMessage());
            }
        });
    }

    private void perform(long order, String resource, Command command) {
        boolean done = false;
        String detail;
        try (ControlClient client = ControlClient.connect(socket)) {
            ControlReply reply = client.ask(new ControlRequest.Order(resource, command), line -> {
            });
            switch (reply) {
                case ControlReply.Done(String text) -> {
                    done = true;
                    detail = text.strip();
                }
                case ControlReply.Refused(var code, var report) -> detail = report.whatHappened();
                case ControlReply.Line line -> throw new AssertionError("lines come before the answer");
            }
        } catch (IOException lost) {
            detail = "the replicator does not answer: " + lost.getMessage();
        }
        if (!done) LOG.warn("resource={} {} was refused: {}", resource, command, detail);
        else if (order != 0) LOG.info("resource={} {}: {}", resource, command, detail);
        if (order != 0) listener.answered(order, done, detail);
        changed.release();
    }

    /** The process that answered last; empty before the first time. */
    public Optional<ProcessHandle> process() {
        return Optional.ofNullable(process);
    }

    private ControlClient connect() throws IOException {
        ControlClient client = ControlClient.connect(socket);
        ControlReply reply = client.ask(new ControlRequest.Ping(), line -> {
        });
        if (reply instanceof ControlReply.Done(String text)) {
            String[] words = text.strip().split(" ");
            process = ProcessHandle.of(Long.parseLong(words[words.length - 1])).orElse(process);
        }
        return client;
    }

    private static void close(ControlClient client) {
        if (client == null) return;
        try {
            client.close();
        } catch (IOException gone) {
            LOG.debug("control socket: {}", gone.toString());
        }
    }

    @Override
    public void close() {
        ended = true;
        workers.values().forEach(ExecutorService::shutdownNow);
    }
}
