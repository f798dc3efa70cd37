package org.duett.replicator.metadata;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.duett.replicator.bitmap.DirtyBitmap;

/** A file with metadata on it that both we and drbdmeta, the independent judge of it, read and write (spec metadata 10). */
final class DrbdmetaDisk {
    private static final Path DRBDMETA = Path.of("/usr/sbin/drbdmeta");
    /** Names drbdmeta's lock and nothing else; a number of this process's own. */
    private static final long MINOR = 100_000 + ProcessHandle.current().pid() % 900_000;

    record Result(int exitCode, String output) {
    }

    final Path file;
    final MetadataKind kind;

    DrbdmetaDisk(Path file, MetadataKind kind, long sizeBytes) {
        this.file = file;
        this.kind = kind;
        try (var channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.allocate(1), sizeBytes - 1);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    static void assumeInstalled() {
        assumeTrue(Files.isExecutable(DRBDMETA), "install drbd-utils");
    }

    /** What drbdmeta leaves behind for a disk that it was told to be of a certain minor. */
    static void removeTraces() throws IOException {
        for (String trace : List.of("/var/lib/drbd/drbd-minor-" + MINOR + ".lkbd", "/run/lock/drbd-147-" + MINOR))
            Files.deleteIfExists(Path.of(trace));
    }

    Result drbdmeta(String... command) {
        return drbdmetaOfFormat("v08", command);
    }

    Result drbdmetaOfFormat(String format, String... command) {
        var line = new ArrayList<>(
                List.of(DRBDMETA.toString(), "--force", Long.toString(MINOR), format, file.toString(),
                        kind.drbdName()));
        line.addAll(List.of(command));
        try {
            var process = new ProcessBuilder(line).redirectError(ProcessBuilder.Redirect.DISCARD).start();
            process.getOutputStream().close();
            var output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return new Result(process.waitFor(), output);
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    void succeed(String... command) {
        assertThat(drbdmeta(command).exitCode()).as(String.join(" ", command)).isZero();
    }

    long sizeBytes() {
        return file.toFile().length();
    }

    MetadataLayout layout() {
        return MetadataLayout.of(kind, sizeBytes());
    }

    ByteBuf read(long offset, int length) {
        var bytes = ByteBuffer.allocate(length);
        try (var channel = FileChannel.open(file, StandardOpenOption.READ)) {
            while (bytes.hasRemaining())
                assertThat(channel.read(bytes, offset + bytes.position())).isPositive();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        return Unpooled.wrappedBuffer(bytes.flip());
    }

    void write(long offset, ByteBuf source, int index, int length) {
        try (var channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            assertThat(channel.write(source.nioBuffer(index, length), offset)).isEqualTo(length);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    void write(List<MetadataWrite> writes) {
        for (MetadataWrite write : writes) {
            switch (write) {
                case MetadataWrite.Blocks(long offset, byte[] block, long count) -> {
                    for (long i = 0; i < count; i++)
                        write(offset + i * block.length, Unpooled.wrappedBuffer(block), 0, block.length);
                }
                case MetadataWrite.Zeroes(long offset, long length) -> {
                    for (long done = 0; done < length; done += 4096)
                        write(offset + done, Unpooled.wrappedBuffer(new byte[4096]), 0, 4096);
                }
            }
        }
    }

    Superblock superblock() {
        return Superblock.decode(read(MetadataLayout.superblockByte(kind, sizeBytes()), Superblock.BYTES), 0);
    }

    SuperblockCheck check() {
        return SuperblockCheck.check(kind, superblock(), sizeBytes());
    }

    void write(Superblock superblock) {
        ByteBuf block = Unpooled.buffer(Superblock.BYTES);
        superblock.encode(block, 0);
        write(MetadataLayout.superblockByte(kind, sizeBytes()), block, 0, Superblock.BYTES);
    }

    DirtyBitmap readBitmap(MetadataLayout layout) {
        var bitmap = new DirtyBitmap(superblock().lastAgreedSectors());
        for (int page = 0; page < bitmap.pages(); page++)
            bitmap.loadPage(page, read(layout.bitmapPageByte(page), 4096), 0);
        return bitmap;
    }

    void write(DirtyBitmap bitmap, MetadataLayout layout) {
        ByteBuf page = Unpooled.buffer(4096);
        for (int i = 0; i < bitmap.pages(); i++) {
            bitmap.copyPageTo(i, page, 0);
            write(layout.bitmapPageByte(i), page, 0, 4096);
        }
    }

    ActivityLogReplay replay(MetadataLayout layout) {
        var replay = new ActivityLogReplay(superblock(), layout);
        for (int block = 0; block < replay.blocks(); block++)
            replay.feed(block, read(layout.activityLogByte() + block * 4096L, 4096), 0);
        return replay;
    }
}
