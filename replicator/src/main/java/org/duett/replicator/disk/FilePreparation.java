package org.duett.replicator.disk;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;

/**
 * Makes the file that a volume stores its data in (create-md): written with zeroes from end to end, so that no later write has to
 * allocate, or sparse. Until it is complete it has the name {@code FILE.preparing}, where an interrupted preparation continues.
 */
public final class FilePreparation implements AutoCloseable {
    private static final String INCOMPLETE = ".preparing";
    private static final int PIECE_BYTES = 4 << 20;
    private static final int PAGE_BYTES = 4096;
    private static final int ONLY_OWNER = 0600;

    private final String subject;
    private final Path path;
    private final Path incomplete;
    private final long sizeBytes;
    private final LinuxCalls calls = new LinuxCalls();

    /** Hears of it as the file grows. */
    public interface Progress {
        void written(long doneBytes, long totalBytes);
    }

    public enum Outcome {
        CREATED,
        /** An interrupted preparation was completed. */
        CONTINUED,
        /** A file of this size was there already; it was not touched. */
        ALREADY_THERE
    }

    private FilePreparation(String subject, Path path, long sizeBytes) {
        this.subject = subject;
        this.path = path.toAbsolutePath();
        this.incomplete = this.path.resolveSibling(this.path.getFileName() + INCOMPLETE);
        this.sizeBytes = sizeBytes;
    }

    /** Every block is written; blocks for as long as that takes. */
    public static Outcome writeZeroes(String subject, Path path, long sizeBytes, Progress progress) throws DiskRefused {
        try (FilePreparation preparation = new FilePreparation(subject, path, sizeBytes)) {
            return preparation.prepare(descriptor -> preparation.fill(descriptor, progress));
        }
    }

    /** A sparse file: made in no time, but its writes have to allocate, and may find the file system full. */
    public static Outcome thin(String subject, Path path, long sizeBytes) throws DiskRefused {
        try (FilePreparation preparation = new FilePreparation(subject, path, sizeBytes)) {
            return preparation.prepare(preparation::stretch);
        }
    }

    @Override
    public void close() {
        calls.close();
    }

    private interface Filling {
        void fill(int descriptor) throws DiskRefused;
    }

    private Outcome prepare(Filling filling) throws DiskRefused {
        if (sizeBytes < DiskOpener.SMALLEST_BYTES || sizeBytes % PAGE_BYTES != 0) {
            throw refused("its size is to be " + sizeBytes + " bytes.",
                    "Give a multiple of " + PAGE_BYTES + ", " + DiskOpener.SMALLEST_BYTES + " at least.");
        }
        if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)) return existing();
        boolean continued = Files.exists(incomplete, LinkOption.NOFOLLOW_LINKS);
        int descriptor = openIncomplete();
        try {
            filling.fill(descriptor);
            check(calls.fsync(descriptor), "it cannot be brought to stable storage");
            complete();
        } finally {
            calls.closeDescriptor(descriptor);
        }
        return continued ? Outcome.CONTINUED : Outcome.CREATED;
    }

    private Outcome existing() throws DiskRefused {
        try {
            if (!Files.isRegularFile(path)) {
                throw refused("it is there and no regular file.", "A size is for files only: leave it away for a block device.");
            }
            if (Files.size(path) != sizeBytes) {
                throw refused("it is there and has " + Files.size(path) + " bytes, not " + sizeBytes + ".",
                        "Give its present size, or another name, or remove it if nothing in it is needed.");
            }
            // A preparation that was interrupted between its last two steps.
            if (Files.exists(incomplete) && Files.isSameFile(path, incomplete)) Files.delete(incomplete);
            return Outcome.ALREADY_THERE;
        } catch (IOException exception) {
            throw refused("it is there and cannot be looked at: " + exception + ".", "Check its permissions.");
        }
    }

    private int openIncomplete() throws DiskRefused {
        int descriptor = open(LinuxCalls.O_DIRECT);
        // Not every file system knows direct I/O; it only spares the page cache here.
        if (descriptor == -ErrnoText.EINVAL) descriptor = open(0);
        check(descriptor, incomplete + " cannot be opened");
        int locked = calls.flock(descriptor, LinuxCalls.LOCK_EXCLUSIVE | LinuxCalls.LOCK_NONBLOCKING);
        if (locked < 0) {
            calls.closeDescriptor(descriptor);
            throw refused("another process is preparing it just now.", "Wait for that one.");
        }
        return descriptor;
    }

    private int open(int direct) {
        return calls.open(incomplete, LinuxCalls.O_RDWR | LinuxCalls.O_CREAT | direct, ONLY_OWNER);
    }

    private long presentBytes(int descriptor) throws DiskRefused {
        LinuxCalls.FileStatus status = new LinuxCalls.FileStatus();
        check(calls.fileStatus(descriptor, status), "it cannot be looked at");
        if (status.sizeBytes > sizeBytes) {
            throw refused("an interrupted preparation left " + incomplete + " with " + status.sizeBytes + " bytes, more than the "
                    + sizeBytes + " wanted now.", "Give the earlier size to continue it, or remove " + incomplete + ".");
        }
        return status.sizeBytes;
    }

    private void stretch(int descriptor) throws DiskRefused {
        presentBytes(descriptor);
        check(calls.ftruncate(descriptor, sizeBytes), "it cannot be made so large");
    }

    private void fill(int descriptor, Progress progress) throws DiskRefused {
        // The file grows as it is written, so that its size tells how far an interrupted preparation came.
        long done = presentBytes(descriptor) / PIECE_BYTES * PIECE_BYTES;
        int reserved = calls.fallocate(descriptor, LinuxCalls.FALLOC_FL_KEEP_SIZE, 0, sizeBytes);
        if (reserved < 0 && reserved != -ErrnoText.EOPNOTSUPP) {
            if (done == 0) giveBackSpace(descriptor);
            check(reserved, "the space for it cannot be reserved");
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment zeroes = arena.allocate(PIECE_BYTES, PAGE_BYTES);
            progress.written(done, sizeBytes);
            while (done < sizeBytes) {
                int length = (int) Math.min(PIECE_BYTES, sizeBytes - done);
                int written = calls.pwrite(descriptor, zeroes.address(), length, done);
                check(written, "writing it failed at byte " + done);
                // A short write ends at a block; the next one goes on there.
                done += written;
                progress.written(done, sizeBytes);
            }
        }
    }

    /** What was reserved before the file system was full would stay taken behind the file's end. */
    private void giveBackSpace(int descriptor) {
        calls.ftruncate(descriptor, 0);
    }

    private void complete() throws DiskRefused {
        try {
            // A link, not a move: a move would replace a file that somebody made meanwhile.
            Files.createLink(path, incomplete);
            Files.delete(incomplete);
        } catch (FileAlreadyExistsException exception) {
            throw refused("somebody made it meanwhile.", "Look which file is the right one; ours is " + incomplete + ".");
        } catch (IOException exception) {
            throw refused(incomplete + " cannot be given that name: " + exception + ".", "Check the directory's permissions.");
        }
        int directory = calls.open(path.getParent(), LinuxCalls.O_RDONLY, 0);
        check(directory, "its directory cannot be opened");
        int flushed = calls.fsync(directory);
        calls.closeDescriptor(directory);
        check(flushed, "its directory cannot be brought to stable storage");
    }

    private void check(int result, String what) throws DiskRefused {
        if (result >= 0) return;
        throw refused(what + " (" + ErrnoText.of(-result) + ").",
                "Mend that and give the same command again: it continues where it was interrupted.");
    }

    private DiskRefused refused(String what, String whatToDo) {
        return new DiskRefused(subject + ": " + path + " cannot be prepared: " + what, "No existing file was changed.", whatToDo);
    }
}
