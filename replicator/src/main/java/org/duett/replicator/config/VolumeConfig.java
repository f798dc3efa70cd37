package org.duett.replicator.config;

import java.nio.file.Path;

/**
 * One volume on one host. The device name and the minor are what the DRBD grammar demands; Duett uses the minor to
 * name the volume in handlers and does not make the device.
 */
public record VolumeConfig(int number, String deviceName, int minor, Path disk, MetaDisk metaDisk, DiskConfig options) {
}
