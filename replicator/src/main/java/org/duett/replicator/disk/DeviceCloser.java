package org.duett.replicator.disk;

/** Closes devices on a thread of its own: the last close of a block device may wait for it. */
final class DeviceCloser {
    private DeviceCloser() {
    }

    /** Runs {@code whenClosed} on that thread once descriptors and locks are given up. */
    static void closeLater(BackingDevices devices, Runnable whenClosed) {
        Thread.ofPlatform().name("disk-close").daemon().start(() -> {
            try (LinuxCalls calls = new LinuxCalls()) {
                devices.close(calls);
            }
            whenClosed.run();
        });
    }
}
