package org.duett.replicator.disk;

import org.duett.replicator.machine.BackingDisk.Geometry;
import org.duett.replicator.machine.DiskOperation.Area;

/**
 * A volume's opened devices: the data device and, where the metadata is not inside of it, the metadata device.
 *
 * @param punchHoles a discard may give the file's allocation back
 */
record BackingDevices(BackingDevice data, BackingDevice metadata, boolean punchHoles) {

    BackingDevice device(Area area) {
        return switch (area) {
            case DATA -> data;
            case METADATA -> metadata;
        };
    }

    boolean metadataIsInternal() {
        return data == metadata;
    }

    Geometry geometry() {
        return new Geometry(data.sizeBytes, metadata.sizeBytes, metadataIsInternal(), data.logicalBlockBytes, data.physicalBlockBytes,
                data.discards);
    }

    void measure(LinuxCalls calls) {
        data.measure(calls);
        if (!metadataIsInternal()) metadata.measure(calls);
    }

    void close(LinuxCalls calls) {
        if (!metadataIsInternal()) metadata.close(calls);
        data.close(calls);
    }
}
