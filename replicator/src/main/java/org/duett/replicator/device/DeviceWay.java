package org.duett.replicator.device;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.duett.replicator.command.CommandRunner;

/**
 * By what a volume becomes a block device on this machine as it is now, and why by that. The proxy that connects again is part of both: the
 * kernel's nbd fails what is under way when its connection ends.
 */
public record DeviceWay(Kind kind, String why) {

    /** The ways there are. */
    public enum Kind {
        KERNEL_NBD("the kernel's nbd"), LOOP("nbdfuse and a loop device");

        private final String words;

        Kind(String words) {
            this.words = words;
        }

        @Override
        public String toString() {
            return words;
        }
    }

    private static final long MODPROBE_MILLIS = 5000;
    /** PROC_PID_INIT_INO: the namespace in which the kernel itself numbers processes. */
    private static final String KERNELS_PROCESS_NUMBERS = "pid:[4026531836]";

    /** Loads the module where it can be had. */
    static DeviceWay choose() throws InterruptedException {
        if (Tools.find(Tools.NBD_CLIENT).isEmpty()) return loop(Tools.NBD_CLIENT + " is not installed (Debian: apt install nbd-client)");
        if (!countsProcessesAsTheKernel()) return loop("in this container the kernel's word for who has connected an nbd device cannot be read");
        if (!NbdDevices.moduleIsThere()) CommandRunner.run(List.of(Tools.path("modprobe"), "nbd"), MODPROBE_MILLIS);
        if (!NbdDevices.moduleIsThere()) return loop("this kernel has no module nbd");
        if (NbdDevices.free().isEmpty()) return loop("no /dev/nbdN is free (the module's parameter nbds_max says how many there are)");
        return new DeviceWay(Kind.KERNEL_NBD, "the module nbd and nbd-client are there");
    }

    private static DeviceWay loop(String why) {
        return new DeviceWay(Kind.LOOP, why);
    }

    private static boolean countsProcessesAsTheKernel() {
        try {
            return Files.readSymbolicLink(Path.of("/proc/self/ns/pid")).toString().equals(KERNELS_PROCESS_NUMBERS);
        } catch (IOException unknown) {
            return false;
        }
    }

    @Override
    public String toString() {
        return kind + ", as " + why;
    }
}
