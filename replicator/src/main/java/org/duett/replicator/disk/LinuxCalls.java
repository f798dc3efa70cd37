package org.duett.replicator.disk;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.nio.file.Path;

/**
 * The system calls that Java has no words for, on file descriptors. Each answers as the kernel does: zero or more on success, else
 * the errno as a negative number. One object serves one thread at a time; the calls allocate nothing on the heap.
 */
final class LinuxCalls implements AutoCloseable {
    static final int O_RDONLY = 0;
    static final int O_RDWR = 2;
    static final int O_CREAT = 0x40;
    static final int O_EXCL = 0x80;
    static final int O_CLOEXEC = 0x80000;
    /** Only to look at the file: nothing happens to a device. */
    static final int O_PATH = 0x200000;
    /** Of both architectures that Duett is built for; they differ. */
    static final int O_DIRECT = System.getProperty("os.arch").equals("aarch64") ? 0x10000 : 0x4000;

    static final int LOCK_SHARED = 1;
    static final int LOCK_EXCLUSIVE = 2;
    static final int LOCK_NONBLOCKING = 4;

    static final int FALLOC_FL_KEEP_SIZE = 0x01;
    static final int FALLOC_FL_PUNCH_HOLE = 0x02;
    static final int FALLOC_FL_ZERO_RANGE = 0x10;

    /** The write is on stable storage when it answers. */
    static final int RWF_DSYNC = 2;

    static final long BLKSSZGET = 0x1268;
    static final long BLKPBSZGET = 0x127B;
    static final long BLKGETSIZE64 = 0x80081272L;

    private static final int AT_EMPTY_PATH = 0x1000;
    private static final int STATX_BASIC = 0x7ff;
    private static final int STATX_DIOALIGN = 0x2000;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final StructLayout CAPTURED = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO = CAPTURED.varHandle(MemoryLayout.PathElement.groupElement("errno"));

    // Addresses are passed as numbers: a buffer's address is at hand, and no object has to be made for it.
    private static final MethodHandle OPEN = call("open", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT), 2);
    private static final MethodHandle CLOSE = call("close", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
    private static final MethodHandle FLOCK = call("flock", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
    private static final MethodHandle IOCTL = call("ioctl", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS), 2);
    private static final MethodHandle STATX = call("statx",
            FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, ADDRESS));
    private static final MethodHandle FSTATFS = call("fstatfs", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS));
    private static final MethodHandle PREAD = call("pread", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG));
    private static final MethodHandle PWRITE = call("pwrite", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG));
    private static final MethodHandle PWRITEV2 = call("pwritev2",
            FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_INT, JAVA_LONG, JAVA_INT));
    private static final MethodHandle FDATASYNC = call("fdatasync", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
    private static final MethodHandle FSYNC = call("fsync", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
    private static final MethodHandle FALLOCATE = call("fallocate",
            FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG));
    private static final MethodHandle FTRUNCATE = call("ftruncate", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG));

    private final Arena arena = Arena.ofShared();
    private final MemorySegment captured = arena.allocate(CAPTURED);
    private final MemorySegment scratch = arena.allocate(256, 8);

    private static MethodHandle call(String name, FunctionDescriptor descriptor) {
        return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), descriptor, Linker.Option.captureCallState("errno"));
    }

    private static MethodHandle call(String name, FunctionDescriptor descriptor, int firstVariadicArgument) {
        return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), descriptor, Linker.Option.captureCallState("errno"),
                Linker.Option.firstVariadicArg(firstVariadicArgument));
    }

    @Override
    public void close() {
        arena.close();
    }

    int open(Path path, int flags, int mode) {
        try (Arena ofPath = Arena.ofConfined()) {
            return result((int) OPEN.invokeExact(captured, ofPath.allocateFrom(path.toString()), flags | O_CLOEXEC, mode));
        } catch (Throwable throwable) {
            throw unexpected(throwable);
        }
    }

    int closeDescriptor(int descriptor) {
        try {
            return result((int) CLOSE.invokeExact(captured, descriptor));
        } catch (Throwable throwable) {
            throw unexpected(throwable);
        }
    }

    int flock(int descriptor, int operation) {
        try {
            return result((int) FLOCK.invokeExact(captured, descriptor, operation));
        } catch (Throwable throwable) {
            throw unexpected(throwable);
        }
    }

    /** The number that an ioctl of a block device writes through its pointer, or a negative errno. */
    long ioctlNumber(int descriptor, long request) {
        try {
            scratch.fill((byte) 0);
            int result = result((int) IOCTL.invokeExact(captured, descriptor, request, scratch));
            return result < 0 ? result : scratch.get(JAVA_LONG, 0);
        } catch (Throwable throwable) {
            throw unexpected(throwable);
        }
    }

    /** Fills {@code status}; zero or a negative errno. */
    int fileStatus(int descriptor, FileStatus status) {
        try (Arena ofEmptyPath = Arena.ofConfined()) {
            scratch.fill((byte) 0);
            int result = result((int) STATX.invokeExact(captured, descriptor, ofEmptyPath.allocateFrom(""), AT_EMPTY_PATH,
                    STATX_BASIC | STATX_DIOALIGN, scratch));
            if (result == 0) status.read(scratch);
            return result;
        } catch (Throwable throwable) {
            throw unexpected(throwable);
        }
    }

    /** The f_type of the descriptor's file system, or a negative errno. */
    long fileSystemType(int descriptor) {
        try {
            int result = result((int) FSTATFS.invokeExact(captured, descriptor, scratch));
            return result < 0 ? result : scratch.get(JAVA_LONG, 0) & 0xffffffffL;
        } catch (Throwable throwable) {
            throw unexpected(throwable);
        }
    }

    int pread(int descriptor, long address, int length, long offset) {
        try {
            return result((int) (long) PREAD.invokeExact(captured, descriptor, address, (long) length, offset));
        } catch (Throwable throwable) {
            throw unexpected(throwable);
        }
    }

    int pwrite(int descriptor, long address, int length, long offset) {
        try {
            return result((int) (long) PWRITE.invokeExact(captured, descriptor, address, (long) length, offset));
        } catch (Throwable throwable) {
            throw unexpected(throwable);
        }
    }

    int pwriteDurable(int descriptor, long address, int length, long offset) {
        try {
            scratch.set(JAVA_LONG, 0, address);
            scratch.set(JAVA_LONG, 8, length);
            return result((int) (long) PWRITEV2.invokeExact(captured, descriptor, scratch, 1, offset, RWF_DSYNC));
        } catch (Throwable throwable) {
            throw unexpected(throwable);
        }
    }

    int fdatasync(int descriptor) {
        try {
            return result((int) FDATASYNC.invokeExact(captured, descriptor));
        } catch (Throwable throwable) {
            throw unexpected(throwable);
        }
    }

    int fsync(int descriptor) {
        try {
            return result((int) FSYNC.invokeExact(captured, descriptor));
        } catch (Throwable throwable) {
            throw unexpected(throwable);
        }
    }

    int fallocate(int descriptor, int mode, long offset, long length) {
        try {
            return result((int) FALLOCATE.invokeExact(captured, descriptor, mode, offset, length));
        } catch (Throwable throwable) {
            throw unexpected(throwable);
        }
    }

    int ftruncate(int descriptor, long length) {
        try {
            return result((int) FTRUNCATE.invokeExact(captured, descriptor, length));
        } catch (Throwable throwable) {
            throw unexpected(throwable);
        }
    }

    private int result(int returned) {
        return returned >= 0 ? returned : -(int) ERRNO.get(captured, 0L);
    }

    private static AssertionError unexpected(Throwable throwable) {
        return new AssertionError("a system call cannot throw", throwable);
    }

    /** What {@code statx} tells of an open file. */
    static final class FileStatus {
        private static final int TYPE_MASK = 0xf000;
        private static final int TYPE_REGULAR = 0x8000;
        private static final int TYPE_BLOCK = 0x6000;
        private static final int TYPE_DIRECTORY = 0x4000;

        private int mode;
        long inode;
        long sizeBytes;
        long allocatedBytes;
        /** {@code major:minor}: of the block device itself, and of the device that a file lies on. */
        String ownDevice;
        String containingDevice;
        /** Zero: the kernel does not say. */
        int directMemoryAlignment;
        int directOffsetAlignment;

        private void read(MemorySegment statx) {
            mode = statx.get(JAVA_SHORT, 28);
            inode = statx.get(JAVA_LONG, 32);
            sizeBytes = statx.get(JAVA_LONG, 40);
            allocatedBytes = statx.get(JAVA_LONG, 48) * 512;
            ownDevice = statx.get(JAVA_INT, 128) + ":" + statx.get(JAVA_INT, 132);
            containingDevice = statx.get(JAVA_INT, 136) + ":" + statx.get(JAVA_INT, 140);
            directMemoryAlignment = statx.get(JAVA_INT, 152);
            directOffsetAlignment = statx.get(JAVA_INT, 156);
        }

        boolean isRegularFile() {
            return (mode & TYPE_MASK) == TYPE_REGULAR;
        }

        boolean isBlockDevice() {
            return (mode & TYPE_MASK) == TYPE_BLOCK;
        }

        boolean isDirectory() {
            return (mode & TYPE_MASK) == TYPE_DIRECTORY;
        }
    }
}
