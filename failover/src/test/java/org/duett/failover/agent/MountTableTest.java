package org.duett.failover.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
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

    @Test
    void oneWithNoautoAndThoseOfOthersAreFine() {
        assertThat(isMountedAtBoot("UUID=1 /srv ext4 defaults,noauto 0 2")).isFalse();
        assertThat(isMountedAtBoot("UUID=1 /srv2 ext4 defaults 0 2")).isFalse();
        assertThat(isMountedAtBoot("UUID=2 none swap sw 0 0")).isFalse();
    }
}
