package org.duett.ittests.oracle;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.duett.bench.host.HostCommand;

/** Backing files looked at from outside: two compared byte by byte, and DRBD's own tool on the metadata of one. */
public final class DiskFiles {

    private static final int BLOCK_BYTES = 4096;
    private static final int CHUNK_BYTES = 1 << 20;
    /** Names drbdmeta's lock and nothing else. */
    private static final String MINOR = "1111";
    private static final int MOST_DIFFERENCES_TOLD = 20;

    private DiskFiles() {
    }

    /** Both files hold the same in their first {@code lengthBytes}; else the first blocks that differ are named. */
    public static void assertSameBytes(Path first, Path second, long lengthBytes) {
        List<Long> differing = differingBlocks(first, second, lengthBytes);
        if (!differing.isEmpty()) {
            throw new AssertionError(differing.size() + " of " + lengthBytes / BLOCK_BYTES + " blocks differ between " + first
                    + " and " + second + ": " + differing.subList(0, Math.min(MOST_DIFFERENCES_TOLD, differing.size())));
        }
    }

    public static List<Long> differingBlocks(Path first, Path second, long lengthBytes) {
        List<Long> differing = new ArrayList<>();
        ByteBuffer ofFirst = ByteBuffer.allocateDirect(CHUNK_BYTES);
        ByteBuffer ofSecond = ByteBuffer.allocateDirect(CHUNK_BYTES);
        try (var one = FileChannel.open(first, StandardOpenOption.READ);
                var other = FileChannel.open(second, StandardOpenOption.READ)) {
            for (long at = 0; at < lengthBytes; at += CHUNK_BYTES) {
                int length = (int) Math.min(CHUNK_BYTES, lengthBytes - at);
                read(one, at, ofFirst, length);
                read(other, at, ofSecond, length);
                for (int inside = 0; inside < length; inside += BLOCK_BYTES) {
                    int blockLength = Math.min(BLOCK_BYTES, length - inside);
                    if (ofFirst.slice(inside, blockLength).mismatch(ofSecond.slice(inside, blockLength)) >= 0) {
                        differing.add((at + inside) / BLOCK_BYTES);
                    }
                }
            }
            return differing;
        } catch (IOException e) {
            throw new UncheckedIOException("Could not compare " + first + " with " + second, e);
        }
    }

    private static void read(FileChannel file, long at, ByteBuffer into, int length) throws IOException {
        into.clear().limit(length);
        while (into.hasRemaining()) {
            if (file.read(into, at + into.position()) < 0) {
                throw new IOException("the file ends before byte " + (at + length));
            }
        }
    }

    /** Fresh internal metadata, made by DRBD's own tool. */
    public static void createMetadata(Path disk) {
        drbdmeta(disk, "create-md");
    }

    /**
     * What DRBD's own tool reads from the internal metadata, after it has applied the activity log where a crash left one:
     * without that it would refuse.
     */
    public static String dumpMetadata(Path disk) {
        drbdmeta(disk, "apply-al");
        return drbdmeta(disk, "dump-md");
    }

    /**
     * The blocks that a disk names as ones that may differ, where its node was ended without a word or still runs: those of its
     * bitmap, and whole extents of its activity log. DRBD's own tool says so, of a copy; the disk is only read.
     */
    public static BitSet namedBlocks(Path disk) {
        Path copy = disk.resolveSibling(disk.getFileName() + ".copy");
        Path dump = disk.resolveSibling(disk.getFileName() + ".dump");
        try {
            HostCommand.must("cp", "--sparse=always", disk.toString(), copy.toString());
            String said = dumpMetadata(copy);
            String text = said.substring(said.indexOf("# DRBD meta data dump")); // before it, it regrets that this is a file
            Files.writeString(dump, text);
            drbdmeta(copy, "verify-dump", dump.toString());
            return bitmapOf(text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            copy.toFile().delete();
            dump.toFile().delete();
        }
    }

    /** Lines of words of 64 blocks each, some as {@code 12 times 0x0000000000000000} (spec metadata 10). */
    private static BitSet bitmapOf(String dump) {
        BitSet blocks = new BitSet();
        String bitmap = dump.substring(dump.indexOf("bm {"), dump.lastIndexOf('}'));
        Matcher word = Pattern.compile("(?:([0-9]+) times )?0x([0-9A-F]{16});").matcher(bitmap);
        int first = 0;
        while (word.find()) {
            int times = word.group(1) == null ? 1 : Integer.parseInt(word.group(1));
            long bits = Long.parseUnsignedLong(word.group(2), 16);
            for (int i = 0; i < times; i++, first += Long.SIZE) {
                for (int bit = 0; bit < Long.SIZE; bit++) {
                    if ((bits >>> bit & 1) != 0) blocks.set(first + bit);
                }
            }
        }
        return blocks;
    }

    /** Promise 4: every block that differs is named. */
    public static void assertDifferencesAreNamed(Path first, Path second, long lengthBytes, BitSet named) {
        List<Long> unnamed = differingBlocks(first, second, lengthBytes).stream().filter(block -> !named.get(block.intValue())).toList();
        if (!unnamed.isEmpty()) {
            throw new AssertionError(unnamed.size() + " blocks differ between " + first + " and " + second
                    + " and are not named: " + unnamed.subList(0, Math.min(MOST_DIFFERENCES_TOLD, unnamed.size())));
        }
    }

    /** Forced, as it asks on a terminal else, and as it knows block devices only, which the file is not. One at a time, as all take one lock. */
    private static synchronized String drbdmeta(Path disk, String... command) {
        List<String> words = new ArrayList<>(List.of("drbdmeta", "--force", MINOR, "v08", disk.toString(), "internal"));
        words.addAll(List.of(command));
        return HostCommand.run(words).orThrow().output();
    }
}
