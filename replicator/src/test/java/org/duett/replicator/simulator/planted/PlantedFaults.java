package org.duett.replicator.simulator.planted;

import java.util.List;

/** Mistakes of which each would break a promise or a rule; the rule's number stands with it. */
final class PlantedFaults {
    private PlantedFaults() {
    }

    static final List<PlantedFault> ALL = List.of(
            // ---- acknowledging (rules 1 to 7)
            new PlantedFault("rule 1: a write is answered before the peer has it", "write/WritePath.java",
                    "write.peer = peer ? Leg.PENDING : Leg.NOT_NEEDED;", "write.peer = peer ? Leg.DONE : Leg.NOT_NEEDED;"),
            new PlantedFault("rule 1: what is open when the peer is lost is answered at once", "write/WritePath.java",
                    "\n        if (record.newWritesNeedRecord(volume)) write.record = Leg.PENDING;\n        keepOffBadCopy", "\n        keepOffBadCopy"),
            new PlantedFault("rule 1: a write that the own disk refused counts as written", "write/WritePath.java",
                    "if (write.disk.errno == 0) {\n            write.local = Leg.DONE;", "if (write.disk.errno >= 0) {\n            write.local = Leg.DONE;"),
            new PlantedFault("rule 1b: the loss of the own disk needs no record", "record/LossRecord.java", "loss.local = true;", "loss.local = false;"),
            new PlantedFault("rule 2: the record counts before it is durable", "record/LossRecord.java",
                    "volume.metadata().writeSuperblock((durable, actions) -> made(volume, durable, actions), out);",
                    "volume.metadata().writeSuperblock(null, out); made(volume, true, out);"),
            new PlantedFault("rule 2: no new identifier is made at the loss", "record/LossRecord.java",
                    "volume.setIdentifiers(identifiers.newCurrent(random.takeIdentifier(), volume.isPrimary()));", "volume.setIdentifiers(identifiers);"),
            new PlantedFault("rule 4: a negative ack is taken for an ack", "write/WritePath.java",
                    "write.peer = Leg.FAILED;\n        boolean copyCounts", "write.peer = Leg.DONE;\n        boolean copyCounts"),
            new PlantedFault("rule 7: a write that the Secondary's disk refused is acknowledged", "write/PeerWritePath.java",
                    "if (write.disk.errno != 0) {", "if (write.disk.errno < 0) {"),
            new PlantedFault("rule 7: a failed flush breaks no epoch", "write/PeerWritePath.java",
                    "if (flushFailed || epoch.failed) {", "if (flushFailed && epoch.failed && epoch.received < 0) {"),
            // ---- alone (rule 8)
            new PlantedFault("rule 8: under cluster control a lone node needs no leave", "record/LossRecord.java",
                    "return goesOnByItself || aloneAllowed;", "return true;"),
            // ---- what may differ is named
            new PlantedFault("promise 4: what no barrier covered is not marked when the peer is lost", "write/WritePath.java",
                    "        if (volume.bitmap() != null) volume.bitmap().setOutOfSync(write.firstSector, write.lengthBytes);\n        differsWhileFrozen(volume);\n        write.inEpoch",
                    "        differsWhileFrozen(volume);\n        write.inEpoch"),
            new PlantedFault("promise 4: what is written alone is not marked", "write/WritePath.java",
                    "if (!peer) markOutOfSync(volume, write, out);", ""),
            new PlantedFault("promise 4: writes do not wait for their extent to be logged", "volume/MetadataWriter.java",
                    "        blockWrite.forceUnitAccess = volume.settings.metadataFlushes();\n        order(blockWrite, out);",
                    "        blockWrite.forceUnitAccess = volume.settings.metadataFlushes();\n        if (job.block == Block.LOG_TRANSACTION) blockDone(out); else order(blockWrite, out);"),
            new PlantedFault("promise 4: the log is not replayed at attach", "attach/AttachSequence.java",
                    "for (int extent : extents) markExtent(extent);", ""),
            new PlantedFault("promise 4: the peer's bitmap is not joined with ours", "resync/BitmapExchange.java",
                    "volume.bitmap().orWords(receiveWord, words, packet.words().length / 8);", ""),
            // ---- order on disk (rules 12 to 14)
            new PlantedFault("rule 12: an extent is evicted before its data is flushed", "volume/MetadataWriter.java",
                    "add(new Job(evicts, dirtyPages", "add(new Job(false, dirtyPages"),
            new PlantedFault("rule 12: pages of the bitmap are written before the data is flushed", "volume/MetadataWriter.java",
                    "add(new Job(true, Pages.ALL_DIRTY, Block.NONE, then), out);", "add(new Job(false, Pages.ALL_DIRTY, Block.NONE, then), out);"),
            new PlantedFault("rule 12: pages of the bitmap are not flushed", "volume/MetadataWriter.java",
                    "enter(volume.settings.metadataFlushes() ? Stage.FLUSH_METADATA : Stage.BLOCK, out)", "enter(Stage.BLOCK, out)"),
            new PlantedFault("rule 13: a block of the metadata is not flushed", "volume/MetadataWriter.java",
                    "        blockWrite.forceUnitAccess = volume.settings.metadataFlushes();\n        order(blockWrite, out);",
                    "        blockWrite.forceUnitAccess = false;\n        order(blockWrite, out);"),
            new PlantedFault("rule 13: a demotion does not wait for what is under way", "resource/RoleControl.java",
                    "if (parts.writes.isIdle() && parts.reads.isIdle()) writesAreThrough(out);", "writesAreThrough(out);"),
            // ---- epochs (rule 16)
            new PlantedFault("rule 16: a barrier is acknowledged without a flush", "write/PeerWritePath.java",
                    "if (!volume.diskUsable() || !volume.settings.diskFlushes()) continue;", "if (!volume.diskUsable() || volume.settings.diskFlushes()) continue;"),
            new PlantedFault("rule 16: barriers are not sent", "write/TransferLog.java",
                    "out.add(new Action.SendPacket(connection, barrier));", ""),
            new PlantedFault("rule 16: FLUSH does not wait for the barrier", "write/WritePath.java",
                    "flush.peer = epochs.awaitBarrier(flush, out) ? Leg.PENDING : peerHasAllOnStableStorage(volume) ? Leg.DONE : Leg.NOT_NEEDED;",
                    "flush.peer = peerHasAllOnStableStorage(volume) ? Leg.DONE : Leg.NOT_NEEDED;"),
            new PlantedFault("rule 16: FLUSH does not reach the own disk", "write/WritePath.java",
                    "boolean local = volume.takesLocalWrites() && volume.settings.diskFlushes();", "boolean local = false;"),
            new PlantedFault("overlapping writes go side by side", "volume/OverlapTracker.java",
                    "            if (at.overlaps(user)) return true;\n        }\n        return false;\n    }\n\n    /** Does the user overlap one that waits",
                    "            if (at.overlaps(user) && at == user) return true;\n        }\n        return false;\n    }\n\n    /** Does the user overlap one that waits"),
            new PlantedFault("rule 17: a long zeroing ends with its first extent", "write/PeerWritePath.java",
                    "boolean more = write.errno == 0 && write.endSector()", "boolean more = write.errno < 0 && write.endSector()"),
            // ---- resync
            new PlantedFault("the source takes a block for equal as soon as it has sent it", "resync/ResyncSource.java",
                    "bitsReplied += (block.lengthBytes + 4095) / 4096;", "volume.bitmap().setInSync(block.firstSector, block.lengthBytes);"),
            new PlantedFault("the target takes a block for equal that it could not write", "resync/ResyncTarget.java",
                    "if (written && current) volume.bitmap()", "if (current) volume.bitmap()"),
            new PlantedFault("the target is through one block too early", "resync/ResyncTarget.java",
                    "return volume.bitmap().setBits() <= failedBits;", "return volume.bitmap().setBits() <= failedBits + 1;"),
            new PlantedFault("an Inconsistent disk answers reads of blocks that are out of sync", "volume/Volume.java",
                    "!bitmap.isOutOfSync(firstSector, lengthBytes)\n", "bitmap != null\n"),
            // ---- taking over
            new PlantedFault("rule 21: a takeover does not wait for what the peer had sent", "resource/RoleControl.java",
                    "(parts.isConnected() || parts.peerWrites.isDrained())) judge(out);", "(parts.isConnected() || step != null)) judge(out);"),
            new PlantedFault("states 4: the mark of a crashed Primary is not looked at", "generation/SyncComparison.java",
                    "if (!ownCrashed && !peerCrashed) {", "if (!ownCrashed || !peerCrashed || ownCrashed) {"));
}
