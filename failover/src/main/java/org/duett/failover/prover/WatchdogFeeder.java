package org.duett.failover.prover;

import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.duett.replicator.command.CommandResult;
import org.duett.replicator.command.CommandRunner;
import org.duett.failover.config.ProofConfig;

/**
 * Feeds this node's hardware watchdog while the failover daemon lives and answers for what it does. A daemon that is dead, or has to stop a
 * group and cannot, is followed by a reset of the machine. It proves nothing by itself: the peer cannot see the watchdog, so it stands only
 * beside another proof.
 */
public final class WatchdogFeeder implements AutoCloseable {

    /** So many feedings fall into the watchdog's time: two may come late. */
    private static final int FEEDINGS_PER_TIMEOUT = 4;
    private static final long TOOL_MILLIS = 5000;
    private static final byte[] FOOD = {0};
    /** The kernel then lets the watchdog sleep when the device is closed ("magic close"), unless it was told never to. */
    private static final byte[] GOODBYE = "V".getBytes(StandardCharsets.US_ASCII);

    private final OutputStream device;
    private final BooleanSupplier healthy;
    private final Consumer<String> complain;
    private final Thread thread;
    private volatile boolean ending;

    private WatchdogFeeder(OutputStream device, long intervalMillis, BooleanSupplier healthy, Consumer<String> complain) {
        this.device = device;
        this.healthy = healthy;
        this.complain = complain;
        thread = Thread.ofPlatform().daemon().name("watchdog").unstarted(() -> feed(intervalMillis));
    }

    /** From the moment that the device is open this node is reset when nobody feeds it. {@code complain} hears what goes wrong. */
    public static WatchdogFeeder open(ProofConfig.Watchdog config, BooleanSupplier healthy, Consumer<String> complain)
            throws IOException, InterruptedException {
        if (config.device().startsWith("/dev"))
            setTimeout(config);
        var feeder = new WatchdogFeeder(new FileOutputStream(config.device().toFile(), true),
                config.timeoutMillis() / FEEDINGS_PER_TIMEOUT, healthy, complain);
        feeder.thread.start();
        return feeder;
    }

    private static void setTimeout(ProofConfig.Watchdog config) throws IOException, InterruptedException {
        long seconds = Math.max(1, TimeUnit.MILLISECONDS.toSeconds(config.timeoutMillis()));
        CommandResult ended = CommandRunner.run(
                List.of("wdctl", "--settimeout", Long.toString(seconds), config.device().toString()), TOOL_MILLIS);
        if (!ended.succeeded())
            throw new IOException("the watchdog " + config.device() + " does not take a time of " + seconds + " s: " + ended.describe()
                    + ". It was not opened; this node runs without one");
    }

    private void feed(long intervalMillis) {
        boolean fed = true;
        while (!ending) {
            boolean wellNow = healthy.getAsBoolean();
            if (!wellNow && fed)
                complain.accept("the watchdog is not fed any more: this node is about to be reset");
            fed = wellNow;
            try {
                if (fed)
                    write(FOOD);
                Thread.sleep(intervalMillis);
            } catch (IOException e) {
                complain.accept("the watchdog cannot be fed: " + e.getMessage() + "; this node will be reset");
                return;
            } catch (InterruptedException _) {
                return; // by close
            }
        }
    }

    /** By a stream: a channel would be closed by the interrupt that ends the thread, before the goodbye. */
    private void write(byte[] bytes) throws IOException {
        device.write(bytes);
    }

    /** The orderly end: with all groups stopped, nobody needs to be reset. A node that is not well is reset all the same. */
    @Override
    public void close() {
        ending = true;
        thread.interrupt();
        try {
            thread.join();
            if (healthy.getAsBoolean())
                write(GOODBYE);
            device.close();
        } catch (IOException e) {
            throw new UncheckedIOException("the watchdog could not be told goodbye; it may reset this node", e);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
