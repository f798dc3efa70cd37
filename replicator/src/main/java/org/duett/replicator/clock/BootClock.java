package org.duett.replicator.clock;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.function.LongSupplier;

/**
 * CLOCK_BOOTTIME in nanoseconds: counts on while the machine is suspended, which {@link System#nanoTime} does not (rule 10). One thread
 * reads it; allocates nothing.
 */
public final class BootClock implements LongSupplier {
    private static final int CLOCK_BOOTTIME = 7;
    private static final long NANOS_PER_SECOND = 1_000_000_000L;
    private static final MethodHandle CLOCK_GETTIME = Linker.nativeLinker().downcallHandle(
            Linker.nativeLinker().defaultLookup().findOrThrow("clock_gettime"), FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS),
            Linker.Option.critical(false));

    private final MemorySegment timespec = Arena.ofAuto().allocate(2 * Long.BYTES, Long.BYTES);

    @Override
    public long getAsLong() {
        try {
            int result = (int) CLOCK_GETTIME.invokeExact(CLOCK_BOOTTIME, timespec);
            assert result == 0;
        } catch (Throwable impossible) {
            throw new AssertionError("clock_gettime cannot throw", impossible);
        }
        return timespec.get(JAVA_LONG, 0) * NANOS_PER_SECOND + timespec.get(JAVA_LONG, Long.BYTES);
    }
}
