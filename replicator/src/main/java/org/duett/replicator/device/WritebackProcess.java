package org.duett.replicator.device;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.invoke.MethodHandle;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * Starts a program that dirty memory is written through. When memory is short the kernel writes such memory out before it gives any; a
 * program that had to wait for that would wait for itself. PR_SET_IO_FLUSHER says so, and is handed on to children.
 */
final class WritebackProcess {
    private static final int PR_SET_IO_FLUSHER = 57;
    private static final MethodHandle PRCTL = prctl();

    private WritebackProcess() {
    }

    @SuppressWarnings("restricted") // the start scripts allow native access
    private static MethodHandle prctl() {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(linker.defaultLookup().findOrThrow("prctl"),
                FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG), Linker.Option.firstVariadicArg(1));
    }

    static Process start(ProcessBuilder builder) throws IOException, InterruptedException {
        var started = new CompletableFuture<Process>();
        // The mark belongs to a thread: one of its own has it, and ends.
        Thread starter = Thread.ofPlatform().name("writeback-start").start(() -> {
            try {
                // A kernel before 5.6 does not know it, and a container may not have the right (CAP_SYS_RESOURCE): it goes without.
                int _ = (int) PRCTL.invokeExact(PR_SET_IO_FLUSHER, 1L, 0L, 0L, 0L);
                started.complete(builder.start());
            } catch (Throwable failed) {
                started.completeExceptionally(failed);
            }
        });
        starter.join();
        try {
            return started.join();
        } catch (CompletionException failed) {
            throw failed.getCause() instanceof IOException reason ? reason : new IOException(failed.getCause());
        }
    }
}
