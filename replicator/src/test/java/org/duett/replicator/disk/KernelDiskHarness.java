package org.duett.replicator.disk;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.EventExecutor;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.duett.replicator.machine.BackingDisk;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.transport.Transport;

/** A real disk on real files and a real event loop, as {@link Disks} opens it. */
final class KernelDiskHarness implements BackingDiskContract.Harness {
    private static final int PATIENCE_SECONDS = 60;

    final EventLoopGroup group;
    final EventExecutor loop;
    final AlignedBuffers buffers;
    final BlockingQueue<DiskOperation> answers = new LinkedBlockingQueue<>();
    /** Where answers go, on the loop. */
    volatile Consumer<DiskOperation> onAnswer = answers::add;
    final DiskOpening.Opened opened;
    private boolean closed;
    private boolean ended;

    KernelDiskHarness(Transport transport, DiskRequest request) {
        group = transport.newGroup(1, "disk-test");
        loop = group.next();
        buffers = new AlignedBuffers(loop, 256 << 20);
        CompletableFuture<DiskOpening> opening = new CompletableFuture<>();
        Disks.open(request, loop, buffers, done -> onAnswer.accept(done.operation), opening::complete);
        opened = switch (get(opening)) {
            case DiskOpening.Opened works -> works;
            case DiskOpening.Refused(var report) -> throw new AssertionError(report.toString());
        };
    }

    static Path newFile(Path directory, String name, long sizeBytes) {
        Path path = directory.resolve(name);
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
            file.setLength(sizeBytes);
        } catch (IOException exception) {
            throw new UncheckedIOException(exception);
        }
        return path;
    }

    @Override
    public BackingDisk disk() {
        return opened.disk();
    }

    @Override
    public void onLoop(Runnable action) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        loop.execute(() -> {
            try {
                action.run();
                done.complete(null);
            } catch (Throwable throwable) {
                done.completeExceptionally(throwable);
            }
        });
        get(done);
    }

    @Override
    public DiskOperation nextAnswer() {
        try {
            DiskOperation answer = answers.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
            if (answer == null) throw new AssertionError("no answer came in " + PATIENCE_SECONDS + " s");
            return answer;
        } catch (InterruptedException exception) {
            throw new AssertionError(exception);
        }
    }

    @Override
    public void await(BooleanSupplier condition) {
        CompletableFuture<Void> holds = new CompletableFuture<>();
        loop.execute(new Runnable() {
            @Override
            public void run() {
                if (condition.getAsBoolean()) {
                    holds.complete(null);
                } else if (!holds.isDone()) {
                    loop.execute(this);
                }
            }
        });
        get(holds);
    }

    @Override
    public ByteBuf allocate(int lengthBytes) {
        ByteBuf[] buffer = new ByteBuf[1];
        onLoop(() -> buffer[0] = buffers.allocate(lengthBytes));
        return buffer[0];
    }

    /** Closes the disk unless a test has, and gives up its lock. */
    void closeDisk() {
        if (closed) return;
        closed = true;
        CompletableFuture<Void> done = new CompletableFuture<>();
        try {
            onLoop(() -> disk().close(() -> done.complete(null)));
        } catch (AssertionError closedByTheTest) {
            return;
        }
        get(done);
    }

    /** For a test that has ended the loop itself. */
    void endWithoutLoop() {
        ended = true;
    }

    @Override
    public void end() {
        if (ended) return;
        ended = true;
        closeDisk();
        onLoop(() -> {
            assertThat(buffers.outstanding()).as("buffers that were not given back").isZero();
            buffers.close();
        });
        group.shutdownGracefully(1, 1000, TimeUnit.MILLISECONDS).syncUninterruptibly();
    }

    static <T> T get(CompletableFuture<T> future) {
        try {
            return future.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (java.util.concurrent.ExecutionException exception) {
            if (exception.getCause() instanceof AssertionError error) throw error;
            throw new AssertionError(exception.getCause());
        } catch (InterruptedException | java.util.concurrent.TimeoutException exception) {
            throw new AssertionError(exception);
        }
    }
}
