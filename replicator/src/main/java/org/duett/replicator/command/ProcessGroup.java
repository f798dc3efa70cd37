package org.duett.replicator.command;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.invoke.MethodHandle;

/** All that a process has started and that has not left it for a group of its own. */
public final class ProcessGroup {

    private static final int SIGKILL = 9;
    private static final MethodHandle KILL = kill();

    private ProcessGroup() {
    }

    /** {@code leader} was started by way of {@code setsid}: its pid is that of its group. */
    public static void kill(Process leader) {
        try {
            int pid = Math.toIntExact(leader.pid());
            assert pid > 1 : "a group of our own or everything";
            // No such group: it is gone already, or still on its way to becoming one; for that the leader itself is killed, too.
            int _ = (int) KILL.invokeExact(-pid, SIGKILL);
        } catch (Throwable e) {
            throw new IllegalStateException("kill(2) cannot be called", e);
        }
        leader.destroyForcibly();
    }

    @SuppressWarnings("restricted") // the start scripts allow native access
    private static MethodHandle kill() {
        return Linker.nativeLinker().downcallHandle(Linker.nativeLinker().defaultLookup().findOrThrow("kill"),
                FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
    }
}
