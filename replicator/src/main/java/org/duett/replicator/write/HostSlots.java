package org.duett.replicator.write;

import java.util.ArrayList;
import java.util.List;
import org.duett.replicator.machine.HostWrite;
import org.duett.replicator.wire.Packet.BlockAck;

/** The parts of host writes that may be open at once: each is made when it is first needed, and reused. */
final class HostSlots {
    private final int max;
    private final List<HostWrite> slots = new ArrayList<>();
    private HostWrite free;
    private int inUse;

    HostSlots(int max) {
        this.max = max;
    }

    /** Null: all are taken. */
    HostWrite take() {
        HostWrite write = free;
        if (write != null) {
            free = write.nextFree;
            write.nextFree = null;
        } else if (slots.size() < max) {
            write = new HostWrite(slots.size());
            slots.add(write);
        } else {
            return null;
        }
        inUse++;
        write.uses++;
        return write;
    }

    void giveBack(HostWrite write) {
        write.nextFree = free;
        free = write;
        inUse--;
    }

    /** Those that were ever taken; some may be free. */
    int size() {
        return slots.size();
    }

    HostWrite get(int index) {
        return slots.get(index);
    }

    /** The write that the peer answers; null when there is none (spec wire 4.1). */
    HostWrite find(BlockAck ack) {
        long index = (ack.blockId & 0xffffffffL) - 1;
        if (index < 0 || index >= slots.size()) return null;
        HostWrite write = slots.get((int) index);
        boolean matches = write.inEpoch && write.blockId() == ack.blockId && write.firstSector == ack.firstSector;
        return matches && write.volume == ack.volume ? write : null;
    }

    int inUse() {
        return inUse;
    }

    boolean areAllTaken() {
        return inUse == max;
    }
}
