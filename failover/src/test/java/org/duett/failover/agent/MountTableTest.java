package org.duett.failover.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.duett.replicator.command.Processes;
import org.junit.jupiter.api.Test;

class MountTableTest {
    private static final List<Path> DEVICES = List.of(Path.of("/run/duett/device/r0/0"), Path.of("/dev/loop7"));

    private static boolean isMountedAtBoot(String line) {
        return MountTable.mountedAtBoot(List.of("# /dev/loop7 /srv ext4 defaults 0 2", "", line), Path.of("/srv"), DEVICES).isPresent();
    }

    @Test
    void aLineForTheMountPointOrTheDeviceIsFound() {
        assertThat(isMountedAtBoot("UUID=1 /srv ext4 defaults 0 2")).isTrue();
        assertThat(isMountedAtBoot("UUID=1\t/srv/  ext4 rw,relatime 0 2")).isTrue();
        assertThat(isMountedAtBoot("/run/duett/device/r0/0 /mnt ext4 defaults 0 2")).isTrue();
    }

    /** Found on Linux 6.18 after an error of the device: the group was "up" for ever, and each write to it failed. */
    @Test
    void aFileSystemThatTakesNoWritesAnyMoreAlthoughItIsMountedForWritingIsFound() {
        assertThat(wasMadeReadOnly("rw,noatime,rw,emergency_ro")).isTrue();
        assertThat(wasMadeReadOnly("rw,noatime,rw,shutdown")).isTrue();
        assertThat(wasMadeReadOnly("rw,noatime,ro")).isTrue();
        assertThat(wasMadeReadOnly("rw,noatime,rw,errors=remount-ro")).isFalse();
        assertThat(MountTable.wasMadeReadOnly(mount("ro,noatime,ro"), List.of("noatime", "ro"))).isFalse();
        assertThat(MountTable.wasMadeReadOnly(mount("ro,noatime,ro,emergency_ro"), List.of("ro"))).isTrue();
    }

    private static boolean wasMadeReadOnly(String options) {
        return MountTable.wasMadeReadOnly(mount(options), List.of("noatime"));
    }

    private static Processes.Mount mount(String options) {
        return new Processes.Mount(1, true, "7:2", Path.of("/srv"), "ext4", "/dev/loop2", options);
    }

    @Test
    void oneWithNoautoAndThoseOfOthersAreFine() {
        assertThat(isMountedAtBoot("UUID=1 /srv ext4 defaults,noauto 0 2")).isFalse();
        assertThat(isMountedAtBoot("UUID=1 /srv2 ext4 defaults 0 2")).isFalse();
        assertThat(isMountedAtBoot("UUID=2 none swap sw 0 0")).isFalse();
    }
}
