package org.duett.ittests.kernel;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.duett.bench.host.HostCommand;

/** A machine of its own, in QEMU, that boots {@link KernelGuestImage} and runs our commands. */
final class QemuGuest implements AutoCloseable {

    private static final long BOOT_LIMIT_MILLIS = 120_000;
    private static final int LEAST_TRANSLATED_MIB = 64;

    /**
     * What QEMU is to make.
     *
     * @param kernelArguments for {@code guest-init.sh}, which describes them
     * @param options further ones of QEMU: disks, network
     */
    record Hardware(int memoryMib, String kernelArguments, List<String> options) {
    }

    /** Where QEMU runs. */
    interface Starter {
        Process start(ProcessBuilder qemu) throws IOException;
    }

    private final Path folder;
    private final GuestAgent agent;
    private final Process qemu;

    private QemuGuest(Path folder, GuestAgent agent, Process qemu) {
        this.folder = folder;
        this.agent = agent;
        this.qemu = qemu;
    }

    /** Returns when it takes commands. {@code folder} is for its sockets and logs, and goes with it. */
    static QemuGuest boot(Hardware hardware, Path folder, Starter starter) throws IOException {
        KernelGuestImage image = KernelGuestImage.prepare();
        var agent = new GuestAgent(folder.resolve("agent.sock"));
        Process qemu = starter.start(new ProcessBuilder(command(hardware, image, folder)).redirectErrorStream(true)
                .redirectOutput(folder.resolve("qemu.log").toFile()));
        var guest = new QemuGuest(folder, agent, qemu);
        try {
            agent.awaitReady(BOOT_LIMIT_MILLIS);
            return guest;
        } catch (IOException e) {
            String logs = guest.logs();
            guest.close();
            throw new IOException("The guest did not boot:\n" + logs, e);
        }
    }

    private static List<String> command(Hardware hardware, KernelGuestImage image, Path folder) {
        List<String> command = new ArrayList<>(List.of("qemu-system-x86_64",
                // KVM is rarely nested well. A small translation buffer, as else its memory grows to many times the guest's.
                "-accel", "tcg,thread=single,tb-size=" + Math.max(LEAST_TRANSLATED_MIB, hardware.memoryMib / 4), "-cpu", "max", "-M", "q35", "-m", Integer.toString(hardware.memoryMib), "-smp", "1",
                "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
                "-serial", "file:" + folder.resolve("console.log"),
                "-chardev", "socket,id=agent,path=" + folder.resolve("agent.sock"), "-serial", "chardev:agent",
                "-kernel", image.kernel().toString(), "-initrd", image.initialRamdisk().toString(),
                "-append", "console=ttyS0 quiet loglevel=4 panic=-1 reboot=t nokaslr mitigations=off nowatchdog"
                        + " no_timer_check tsc=reliable " + hardware.kernelArguments));
        command.addAll(hardware.options);
        return command;
    }

    static List<String> disk(int index, Path image) {
        return List.of("-drive", "if=none,format=raw,cache=writeback,discard=unmap,id=disk" + index + ",file=" + image,
                "-device", "virtio-blk-pci,romfile=,drive=disk" + index);
    }

    /** What QEMU and the guest's kernel said so far. */
    String logs() {
        StringBuilder logs = new StringBuilder();
        for (String name : List.of("qemu.log", "console.log")) {
            try {
                logs.append(Files.readString(folder.resolve(name)));
            } catch (IOException e) {
                logs.append(name).append(": ").append(e).append('\n');
            }
        }
        return logs.toString();
    }

    /** Runs a shell command in the guest, to its end. */
    HostCommand exec(String command, long limitMillis) {
        try {
            return agent.run(command, limitMillis);
        } catch (IOException e) {
            throw new UncheckedIOException("In the guest: " + command, e);
        }
    }

    boolean isAlive() {
        return qemu.isAlive();
    }

    /** A power loss: the guest is gone between two instructions. Its disk images may be booted again. */
    void kill() {
        qemu.destroyForcibly();
        try {
            qemu.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        kill();
        try {
            agent.close();
            try (var files = Files.list(folder)) {
                for (Path file : files.toList()) {
                    Files.delete(file);
                }
            }
            Files.delete(folder);
        } catch (IOException e) {
            throw new UncheckedIOException("Could not clean up " + folder, e);
        }
    }
}
