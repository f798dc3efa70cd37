package org.duett.replicator.machine;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** What a host write and a flush wait for, leg by leg (rule 5). */
class LegsTest {
    private static boolean oneOf(Leg leg, Leg... legs) {
        for (Leg each : legs) {
            if (leg == each) return true;
        }
        return false;
    }

    @Test
    void aWriteIsAnsweredWhenNothingIsPendingTheLossIsOnRecordAndSomebodyHasIt() {
        HostWrite write = new HostWrite(0);
        for (Leg local : Leg.values()) {
            for (Leg peer : Leg.values()) {
                for (Leg record : Leg.values()) {
                    write.local = local;
                    write.peer = peer;
                    write.record = record;
                    boolean waits = oneOf(Leg.PENDING, local, peer);
                    boolean kept = oneOf(Leg.DONE, local, peer);
                    boolean recorded = oneOf(record, Leg.NOT_NEEDED, Leg.DONE);
                    assertThat(write.mayComplete()).as("%s", write).isEqualTo(!waits && kept && recorded);
                    assertThat(write.mustFail()).as("%s", write).isEqualTo(!waits && record != Leg.PENDING && !(kept && recorded));
                    assertThat(write.awaitsAck()).isEqualTo(peer == Leg.PENDING);
                }
            }
        }
    }

    @Test
    void aFlushIsAnsweredWhenNothingIsPendingAndNoCopyThatIsAskedHasFailedAlone() {
        HostFlush flush = new HostFlush();
        for (Leg local : Leg.values()) {
            for (Leg peer : Leg.values()) {
                for (Leg record : Leg.values()) {
                    flush.local = local;
                    flush.peer = peer;
                    flush.record = record;
                    boolean waits = oneOf(Leg.PENDING, local, peer, record);
                    boolean flushed = oneOf(Leg.DONE, local, peer) || local == Leg.NOT_NEEDED && peer == Leg.NOT_NEEDED;
                    String legs = local + " " + peer + " " + record;
                    assertThat(flush.mayComplete()).as(legs).isEqualTo(!waits && flushed && record != Leg.FAILED);
                    assertThat(flush.mustFail()).as(legs).isEqualTo(!waits && !(flushed && record != Leg.FAILED));
                }
            }
        }
    }

    @Test
    void aBlockIdNamesSlotAndUse() {
        HostWrite write = new HostWrite(6);
        assertThat(write.blockId()).isEqualTo(7);
        write.uses = 3;
        assertThat(write.blockId()).isEqualTo(3L << 32 | 7);
        // Never all ones, and never negative.
        write.uses = -1;
        assertThat(write.blockId()).isEqualTo(0x7fffffffL << 32 | 7);
        HostRead read = new HostRead(6);
        long before = read.blockId();
        read.uses = 3;
        assertThat(read.blockId() >>> 32).isEqualTo(3);
        assertThat(read.blockId()).isEqualTo(before + (3L << 32));
        read.uses = -1;
        assertThat(read.blockId()).isPositive();
    }

    @Test
    void rangesOverlapWhenTheyShareASector() {
        HostWrite one = range(8, 4);
        assertThat(one.endSector()).isEqualTo(12);
        assertThat(one.overlaps(range(12, 4))).isFalse();
        assertThat(one.overlaps(range(4, 4))).isFalse();
        assertThat(one.overlaps(range(11, 4))).isTrue();
        assertThat(one.overlaps(range(5, 4))).isTrue();
        assertThat(one.overlaps(range(0, 100))).isTrue();
    }

    private static HostWrite range(long firstSector, int sectors) {
        HostWrite write = new HostWrite(0);
        write.firstSector = firstSector;
        write.lengthBytes = sectors * BlockUser.SECTOR_BYTES;
        return write;
    }

    @Test
    void aRequestKeepsItsFirstError() {
        HostRequest request = new HostRequest();
        request.fail(Errno.EIO);
        request.fail(Errno.ENOSPC);
        assertThat(request.errno).isEqualTo(Errno.EIO);
    }
}
