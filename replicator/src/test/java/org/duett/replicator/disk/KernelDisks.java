package org.duett.replicator.disk;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.duett.replicator.OwnJvm;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.Errno;
import org.duett.replicator.transport.Transport;

/** What the tests of the two real disks share. */
final class KernelDisks {
    private static final int DEPTH = 32;

    private KernelDisks() {
    }

    static KernelDiskHarness open(Transport transport, Path directory, boolean internalMetadata) {
        Path data = KernelDiskHarness.newFile(directory, "data", BackingDiskContract.DATA_BYTES);
        DiskRequest.Metadata metadata = internalMetadata
                ? new DiskRequest.Metadata.Internal()
                : new DiskRequest.Metadata.External(
                        KernelDiskHarness.newFile(directory, "metadata", BackingDiskContract.METADATA_BYTES));
        return new KernelDiskHarness(transport, new DiskRequest("Resource r0 volume 0", data, metadata, false, false));
    }

    /**
     * Bytes on the heap per 4 KiB write, on all threads together, the least of a round; the answers start the next writes, as a core would.
     * In a JVM that does nothing else: what is taken away by the compiler (a request object of netty's is) hangs on what the same
     * code has been used for before, and in the JVM of the tests that is everything.
     *
     * @param directory for files of its own
     */
    static long bytesPerWrite(Transport transport, Path directory) throws Exception {
        Process process = new ProcessBuilder(OwnJvm.command(List.of("-Xbatch"), BytesPerWrite.class.getName(), transport.name(), directory.toString()))
                .redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        List<String> lines = output.lines().toList();
        System.out.println(transport + ": " + lines.getLast() + " bytes allocated on the heap per 4 KiB write at depth " + DEPTH);
        return Long.parseLong(lines.getLast());
    }

    /** Prints the number. */
    static final class BytesPerWrite {
        private static final int WRITES = 20_000;

        public static void main(String[] arguments) {
            Thread.setDefaultUncaughtExceptionHandler((thread, failure) -> {
                failure.printStackTrace();
                Runtime.getRuntime().halt(1); // the loop's thread would go on
            });
            KernelDiskHarness harness = open(Transport.valueOf(arguments[0]), Path.of(arguments[1]), false);
            long best = Long.MAX_VALUE;
            for (int round = 0; round < 20; round++) {
                long before = AllocationMeter.totalBytes();
                run(harness, WRITES);
                best = Math.min(best, (AllocationMeter.totalBytes() - before) / WRITES);
            }
            harness.end();
            System.out.println(best);
        }
    }

    private static void run(KernelDiskHarness harness, int writes) {
        ByteBuf payload = harness.allocate(4096);
        CompletableFuture<Void> done = new CompletableFuture<>();
        int[] left = {writes, writes};
        harness.onAnswer = operation -> {
            assert operation.errno == 0;
            if (left[0] > 0) {
                left[0]--;
                operation.offsetBytes = (long) (left[0] % 1024) * 4096;
                harness.disk().start(operation);
            }
            if (--left[1] == 0) done.complete(null);
        };
        harness.onLoop(() -> {
            for (int index = 0; index < DEPTH; index++) {
                left[0]--;
                harness.disk().start(BackingDiskContract.write(index * 4096L, payload, 4096));
            }
        });
        KernelDiskHarness.get(done);
        harness.onAnswer = harness.answers::add;
        payload.release();
    }

    static void growAndWriteAtTheNewEnd(KernelDiskHarness harness, Path data) {
        long oldEnd = harness.disk().geometry().dataBytes();
        KernelDiskHarness.newFile(data.getParent(), data.getFileName().toString(), oldEnd + (1 << 20));
        ByteBuf buffer = harness.allocate(4096);
        harness.onLoop(() -> harness.disk().start(BackingDiskContract.write(oldEnd, buffer, 4096)));
        assertThat(harness.nextAnswer().errno).as("nobody has looked").isEqualTo(Errno.EINVAL);
        harness.onLoop(() -> {
            assertThat(harness.disk().measure().dataBytes()).isEqualTo(oldEnd + (1 << 20));
            harness.disk().start(BackingDiskContract.write(oldEnd, buffer, 4096));
        });
        assertThat(harness.nextAnswer().errno).isZero();
        buffer.release();
    }

    static void readBehindTheEndOfAFileThatWasCut(KernelDiskHarness harness, Path data) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(data.toFile(), "rw")) {
            file.setLength(1 << 20);
        }
        ByteBuf buffer = harness.allocate(8192);
        for (DiskOperation read : List.of(BackingDiskContract.read(4 << 20, buffer, 8192), BackingDiskContract.read((1 << 20) - 4096, buffer, 8192))) {
            harness.onLoop(() -> harness.disk().start(read));
            assertThat(harness.nextAnswer().errno).isEqualTo(Errno.EIO);
        }
        buffer.release();
    }

    /** On tmpfs, which cannot zero ranges either: there zeroes are written. */
    static void fillTheFileSystem(Transport transport, Path directory) throws IOException {
        try (HostTools tools = HostTools.assumeRoot()) {
            Path small = Files.createDirectory(directory.resolve("small"));
            tools.mount("-t", "tmpfs", "-o", "size=2m", "tmpfs", small.toString());
            Path data = KernelDiskHarness.newFile(small, "data", 16 << 20);
            KernelDiskHarness harness = new KernelDiskHarness(transport, DiskRequest.internal("Resource r0 volume 0", data));
            assertThat(harness.opened.thin()).isTrue();
            ByteBuf buffer = harness.allocate(1 << 20);
            List<Integer> results = new ArrayList<>();
            for (int index = 0; index < 4; index++) {
                long offset = (long) index << 20;
                harness.onLoop(() -> harness.disk().start(BackingDiskContract.write(offset, buffer, 1 << 20)));
                results.add(harness.nextAnswer().errno);
            }
            assertThat(results).startsWith(0).endsWith(Errno.ENOSPC);
            harness.onLoop(() -> harness.disk().start(BackingDiskContract.with(DiskOperation.Kind.DISCARD, 0, 1 << 20, null)));
            assertThat(harness.nextAnswer().errno).isZero();
            harness.onLoop(() -> harness.disk().start(BackingDiskContract.read(0, buffer, 1 << 20)));
            assertThat(harness.nextAnswer().errno).isZero();
            assertThat(BackingDiskContract.bytes(buffer, 0, 1 << 20)).containsOnly(0);
            buffer.release();
            harness.end();
        }
    }
}
