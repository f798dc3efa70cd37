package org.duett.replicator.device;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** One at a time, of all processes and threads of this machine; until the channel is closed. */
final class AttachLock {
    private static final long LOOK_MILLIS = 2;

    private AttachLock() {
    }

    static FileChannel await(Path file, long deadlineNanos) throws IOException, InterruptedException {
        FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        boolean locked = false;
        try {
            while (!locked) {
                locked = tryLock(channel);
                if (!locked && System.nanoTime() > deadlineNanos) throw new IOException("another attach or detach is under way (" + file + ")");
                if (!locked) Thread.sleep(LOOK_MILLIS);
            }
            return channel;
        } finally {
            if (!locked) channel.close();
        }
    }

    private static boolean tryLock(FileChannel channel) throws IOException {
        try {
            FileLock lock = channel.tryLock();
            return lock != null;
        } catch (OverlappingFileLockException ofAnotherThread) {
            return false;
        }
    }
}
