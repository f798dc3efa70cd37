package org.duett.replicator.node;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.IntFunction;
import org.duett.replicator.config.HandlerEvent;
import org.duett.replicator.device.AttachedDevice;
import org.duett.replicator.device.BlockDevices;
import org.duett.replicator.machine.Event;
import org.duett.replicator.machine.OperatorReport;

/** What a resource has done on other threads, because it may block: handlers run, the term stored, attached devices found. The answers come back as events. */
final class ResourceErrands implements AutoCloseable {
    private static final long RETRY_MILLIS = 1000;

    private final ResourceLoop loop;
    private final ResourceEvents events;
    private final String resource;
    private final HandlerRunner handlers;
    private final Map<String, String> commands = new LinkedHashMap<>();
    private final HandlerEnvironment environment;
    private final RunFile terms;
    private final IntFunction<RunFile> intactCaches;
    private final BlockDevices devices;
    /** One thread: terms reach the file in the order in which they were ordered. */
    private final ExecutorService termStore = Executors.newSingleThreadExecutor(Thread.ofVirtual().name("term-store").factory());

    ResourceErrands(ResourceLoop loop, ResourceEvents events, String resource, Map<HandlerEvent, String> commands,
            HandlerEnvironment environment, RunFile terms, IntFunction<RunFile> intactCaches, BlockDevices devices) {
        this.loop = loop;
        this.events = events;
        this.resource = resource;
        this.handlers = new HandlerRunner(resource);
        commands.forEach((event, command) -> this.commands.put(event.spelling(), command));
        this.environment = environment;
        this.terms = terms;
        this.intactCaches = intactCaches;
        this.devices = devices;
    }

    void runHandler(int run, String handler, int volume) {
        String command = commands.get(handler);
        if (command == null) {
            // As DRBD: no handler is a handler that ends with 0, which for fence-peer means "broken" (spec states 6.3).
            loop.deliver(new Event.HandlerFinished(run, 0));
            return;
        }
        events.handlerCalled(handler, volume);
        handlers.run(handler, command, environment.of(volume), exitCode -> loop.eventLoop().execute(() -> {
            events.handlerEnded(handler, volume, exitCode);
            loop.deliver(new Event.HandlerFinished(run, exitCode));
        }));
    }

    /** On a thread of its own: it reads files, and asks the kernel. */
    void lookForAttachedDevices() {
        Thread.ofVirtual().name("attached-devices").start(() -> {
            List<Event.AttachedVolume> found = new ArrayList<>();
            for (AttachedDevice each : devices.of(resource)) found.add(new Event.AttachedVolume(each.volume(), each.term()));
            loop.post(new Event.AttachedDevicesSeen(found));
        });
    }

    void rememberCacheIntact(int volume) {
        termStore.execute(() -> {
            try {
                intactCaches.apply(volume).mark();
            } catch (IOException failed) {
                OperatorReport report = new OperatorReport(OperatorReport.Level.WARNING,
                        "Resource " + resource + ", volume " + volume + ": that its disk was equal to the peer's in this boot cannot be stored in the run directory: "
                                + failed + ".",
                        "Nothing is lost by that: if this daemon is killed as Primary, what it had under way is copied from the peer, not to it.",
                        "Make room in the run directory, or repair it.");
                loop.eventLoop().execute(() -> events.reported(report));
            }
        });
    }

    void storeTerm(long term) {
        termStore.execute(() -> {
            if (storedAtLast(term)) loop.post(new Event.TermStored(term));
        });
    }

    /** Nobody is let in, and no demotion is answered, before the term is on record: it is tried until it succeeds. */
    private boolean storedAtLast(long term) {
        boolean told = false;
        while (true) {
            try {
                terms.store(term);
                return true;
            } catch (IOException failed) {
                if (!told) tellTermFailed(failed);
                told = true;
            }
            try {
                Thread.sleep(RETRY_MILLIS);
            } catch (InterruptedException ended) {
                return false;
            }
        }
    }

    private void tellTermFailed(IOException failed) {
        OperatorReport report = new OperatorReport(OperatorReport.Level.ERROR,
                "Resource " + resource + ": its term cannot be stored in the run directory: " + failed + ".",
                "The change of role waits; no client is let in.", "Make room in the run directory, or repair it; it is tried again each second.");
        loop.eventLoop().execute(() -> events.reported(report));
    }

    @Override
    public void close() {
        termStore.shutdownNow();
    }
}
