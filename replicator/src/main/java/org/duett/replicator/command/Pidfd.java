package org.duett.replicator.command;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** A descriptor of one process: it never means another one, and tells when that one ends. Not open when there is no such process. */
final class Pidfd implements AutoCloseable {
    static final int SIGKILL = 9;
    static final int SIGTERM = 15;

    // The same on all architectures.
    private static final long PIDFD_SEND_SIGNAL = 424;
    private static final long PIDFD_OPEN = 434;
    private static final short POLLIN = 1;

    private static final MethodHandle SYSCALL = call("syscall", FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG),
            Linker.Option.firstVariadicArg(1));
    private static final MethodHandle POLL = call("poll", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT));
    private static final MethodHandle CLOSE = call("close", FunctionDescriptor.of(JAVA_INT, JAVA_INT));

    private final int descriptor;

    private Pidfd(int descriptor) {
        this.descriptor = descriptor;
    }

    @SuppressWarnings("restricted") // the start scripts allow native access
    private static MethodHandle call(String name, FunctionDescriptor descriptor, Linker.Option... options) {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), descriptor, options);
    }

    static Pidfd open(long pid) {
        try {
            return new Pidfd((int) (long) SYSCALL.invokeExact(PIDFD_OPEN, pid, 0L, 0L, 0L));
        } catch (Throwable impossible) {
            throw new AssertionError("a system call cannot throw", impossible);
        }
    }

    boolean isOpen() {
        return descriptor >= 0;
    }

    /** One that has ended, or may not be signalled by us, is left alone. */
    void signal(int number) {
        try {
            long _ = (long) SYSCALL.invokeExact(PIDFD_SEND_SIGNAL, (long) descriptor, (long) number, 0L, 0L);
        } catch (Throwable impossible) {
            throw new AssertionError("a system call cannot throw", impossible);
        }
    }

    boolean awaitEnd(long limitMillis) {
        long deadlineNanos = System.nanoTime() + limitMillis * 1_000_000;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment poll = arena.allocate(8, 4);
            poll.set(JAVA_INT, 0, descriptor);
            poll.set(JAVA_SHORT, 4, POLLIN);
            while (true) {
                long leftMillis = Math.max(0, (deadlineNanos - System.nanoTime()) / 1_000_000);
                int ready = (int) POLL.invokeExact(poll, 1L, (int) Math.min(leftMillis, Integer.MAX_VALUE));
                if (ready > 0) return true;
                // Less than zero: a signal came in between.
                if (leftMillis == 0) return false;
            }
        } catch (Throwable impossible) {
            throw new AssertionError("a system call cannot throw", impossible);
        }
    }

    @Override
    public void close() {
        if (descriptor < 0) return;
        try {
            int _ = (int) CLOSE.invokeExact(descriptor);
        } catch (Throwable impossible) {
            throw new AssertionError("a system call cannot throw", impossible);
        }
    }
}
