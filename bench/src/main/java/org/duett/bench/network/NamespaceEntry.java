package org.duett.bench.network;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;

/** The system calls that move the calling thread, and it alone, into a network namespace. */
final class NamespaceEntry {

    private static final int O_RDONLY = 0;
    private static final int CLONE_NEWNET = 0x4000_0000;

    private static final StructLayout CALL_STATE = Linker.Option.captureStateLayout();
    private static final MethodHandle OPEN = systemCall("open", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT));
    private static final MethodHandle SETNS = systemCall("setns", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
    private static final MethodHandle CLOSE = systemCall("close", FunctionDescriptor.of(JAVA_INT, JAVA_INT));

    private NamespaceEntry() {
    }

    /** The thread stays there until it ends, so it must be a platform thread that is used for nothing else. */
    static void enter(Path namespace) {
        assert !Thread.currentThread().isVirtual() : "a virtual thread would take its carrier along";
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(CALL_STATE);
            int descriptor = (int) OPEN.invokeExact(state, arena.allocateFrom(namespace.toString()), O_RDONLY);
            failIfNegative("open", namespace, descriptor, state);
            int entered = (int) SETNS.invokeExact(state, descriptor, CLONE_NEWNET);
            failIfNegative("setns", namespace, entered, state);
            int closed = (int) CLOSE.invokeExact(state, descriptor);
            failIfNegative("close", namespace, closed, state);
        } catch (RuntimeException e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException("Could not enter " + namespace, e);
        }
    }

    private static void failIfNegative(String call, Path namespace, int result, MemorySegment state) {
        if (result < 0) {
            int errno = state.get(JAVA_INT, CALL_STATE.byteOffset(MemoryLayout.PathElement.groupElement("errno")));
            throw new IllegalStateException(call + " of " + namespace + " failed with errno " + errno);
        }
    }

    @SuppressWarnings("restricted") // the start scripts allow native access
    private static MethodHandle systemCall(String name, FunctionDescriptor descriptor) {
        return Linker.nativeLinker()
                .downcallHandle(Linker.nativeLinker().defaultLookup().findOrThrow(name), descriptor,
                        Linker.Option.captureCallState("errno"));
    }
}
