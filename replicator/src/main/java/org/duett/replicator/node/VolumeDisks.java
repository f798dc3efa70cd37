package org.duett.replicator.node;

import java.util.Map;
import java.util.TreeMap;
import org.duett.replicator.disk.DiskOpening;
import org.duett.replicator.disk.DiskRequest;
import org.duett.replicator.disk.Disks;
import org.duett.replicator.machine.BackingDisk;
import org.duett.replicator.machine.BufferSource;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.Event;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The backing disks of a resource, open or not. Owned by the resource's loop. */
final class VolumeDisks {
    private static final Logger LOG = LoggerFactory.getLogger(VolumeDisks.class);

    private final ResourceLoop loop;
    private final BufferSource buffers;
    private final Map<Integer, Slot> slots = new TreeMap<>();
    private Runnable whenAllClosed;

    private static final class Slot {
        private final DiskRequest request;
        private int attach;
        /** Being opened; null then is {@link #disk}. */
        private boolean opening;
        /** Closed again before it was open. */
        private boolean unwanted;
        private BackingDisk disk;
        private String engine = "";
        private boolean thin;

        Slot(DiskRequest request) {
            this.request = request;
        }
    }

    VolumeDisks(ResourceLoop loop, BufferSource buffers, Map<Integer, DiskRequest> requests) {
        this.loop = loop;
        this.buffers = buffers;
        requests.forEach((volume, request) -> slots.put(volume, new Slot(request)));
    }

    void open(int volume, int attach) {
        Slot slot = slots.get(volume);
        assert slot.disk == null : "opened twice: " + slot.request;
        assert !slot.opening : "opened twice: " + slot.request;
        slot.attach = attach;
        slot.opening = true;
        slot.unwanted = false;
        Disks.open(slot.request, loop.eventLoop(), buffers, loop::deliver, opening -> opened(volume, slot, opening));
    }

    private void opened(int volume, Slot slot, DiskOpening opening) {
        slot.opening = false;
        switch (opening) {
            case DiskOpening.Opened opened -> {
                slot.disk = opened.disk();
                slot.engine = opened.engine();
                slot.thin = opened.thin();
                LOG.info("{}: {} is open, through {}", slot.request.subject(), slot.request.data(), opened.engine());
                if (slot.unwanted) closeNow(volume, slot);
                else loop.deliver(new Event.DiskOpened(volume, slot.attach, opened.disk().geometry()));
            }
            case DiskOpening.Refused refused -> {
                if (slot.unwanted) loop.deliver(new Event.DiskClosed(volume, slot.attach));
                else loop.deliver(new Event.DiskOpenFailed(volume, slot.attach, refused.report()));
                tellWhenAllClosed();
            }
        }
    }

    void start(DiskOperation operation) {
        Slot slot = slots.get(operation.volume);
        assert slot.disk != null : "no disk for " + operation;
        assert slot.attach == operation.attach : "the disk of another attach: " + operation;
        slot.disk.start(operation);
    }

    void measure(int volume, int attach) {
        Slot slot = slots.get(volume);
        if (slot.disk == null || slot.attach != attach) return;
        loop.deliver(new Event.DiskMeasured(volume, attach, slot.disk.measure()));
    }

    void close(int volume, int attach) {
        Slot slot = slots.get(volume);
        assert slot.attach == attach;
        if (slot.opening) {
            slot.unwanted = true;
        } else if (slot.disk != null) {
            closeNow(volume, slot);
        } else {
            loop.deliver(new Event.DiskClosed(volume, attach));
        }
    }

    private void closeNow(int volume, Slot slot) {
        slot.disk.close(() -> {
            slot.disk = null;
            slot.engine = "";
            slot.thin = false;
            LOG.info("{}: {} is closed", slot.request.subject(), slot.request.data());
            loop.deliver(new Event.DiskClosed(volume, slot.attach));
            tellWhenAllClosed();
        });
    }

    boolean allClosed() {
        for (Slot slot : slots.values()) {
            if (slot.opening || slot.disk != null) return false;
        }
        return true;
    }

    /** At once, or as soon as no device is held any more. */
    void whenAllClosed(Runnable then) {
        whenAllClosed = then;
        tellWhenAllClosed();
    }

    private void tellWhenAllClosed() {
        if (whenAllClosed == null || !allClosed()) return;
        Runnable then = whenAllClosed;
        whenAllClosed = null;
        then.run();
    }

    /** How the disk is reached; empty while there is none. */
    String engine(int volume) {
        return slots.get(volume).engine;
    }

    boolean isThin(int volume) {
        return slots.get(volume).thin;
    }
}
