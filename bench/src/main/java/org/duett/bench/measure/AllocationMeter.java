package org.duett.bench.measure;

import com.sun.management.ThreadMXBean;
import com.sun.tools.attach.AttachNotSupportedException;
import com.sun.tools.attach.VirtualMachine;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.util.Map;
import java.util.TreeMap;
import javax.management.MBeanServerConnection;
import javax.management.remote.JMXConnector;
import javax.management.remote.JMXConnectorFactory;
import javax.management.remote.JMXServiceURL;

/**
 * What the threads of another JVM have allocated on its heap, by that JVM's own counter of each thread. The meter attaches as
 * {@code jcmd} does; the threads through which it asks are its own cost and left out.
 */
public final class AllocationMeter implements AutoCloseable {

    /** Bytes allocated so far, by thread. */
    public record Reading(Map<String, Long> bytesByThread) {

        /** What was allocated since an earlier reading; threads that have ended meanwhile are not counted. */
        public Reading since(Reading earlier) {
            Map<String, Long> between = new TreeMap<>();
            bytesByThread.forEach(
                    (thread, bytes) -> between.put(thread, bytes - earlier.bytesByThread.getOrDefault(thread, 0L)));
            return new Reading(between);
        }

        public long totalBytes() {
            return bytesByThread.values().stream().mapToLong(Long::longValue).sum();
        }
    }

    private final JMXConnector connector;
    private final ThreadMXBean threads;

    private AllocationMeter(JMXConnector connector, ThreadMXBean threads) {
        this.connector = connector;
        this.threads = threads;
    }

    @SuppressWarnings("BanJNDI") // the address is that of a JVM of ours, which it told us itself
    public static AllocationMeter attach(ProcessHandle jvm) {
        try {
            VirtualMachine machine = VirtualMachine.attach(Long.toString(jvm.pid()));
            try {
                JMXConnector connector = JMXConnectorFactory
                        .connect(new JMXServiceURL(machine.startLocalManagementAgent()));
                MBeanServerConnection server = connector.getMBeanServerConnection();
                return new AllocationMeter(connector, ManagementFactory.newPlatformMXBeanProxy(server,
                        ManagementFactory.THREAD_MXBEAN_NAME, ThreadMXBean.class));
            } finally {
                machine.detach();
            }
        } catch (AttachNotSupportedException e) {
            throw new IllegalStateException("Process " + jvm.pid() + " is no JVM that one can attach to", e);
        } catch (IOException e) {
            throw new UncheckedIOException("Could not attach to the JVM of process " + jvm.pid(), e);
        }
    }

    public Reading read() {
        long[] ids = threads.getAllThreadIds();
        long[] bytes = threads.getThreadAllocatedBytes(ids);
        var infos = threads.getThreadInfo(ids);
        Map<String, Long> byThread = new TreeMap<>();
        for (int i = 0; i < ids.length; i++) {
            if (infos[i] == null || bytes[i] < 0 || isOurs(infos[i].getThreadName()))
                continue;
            byThread.put(infos[i].getThreadName() + " #" + ids[i], bytes[i]);
        }
        return new Reading(byThread);
    }

    private static boolean isOurs(String thread) {
        return thread.startsWith("RMI ") || thread.startsWith("JMX ") || thread.equals("Attach Listener");
    }

    @Override
    public void close() {
        try {
            connector.close();
        } catch (IOException _) {
            // The JVM has ended before its meter.
        }
    }
}
