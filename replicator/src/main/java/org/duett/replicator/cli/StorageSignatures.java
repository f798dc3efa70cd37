package org.duett.replicator.cli;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** What a device already holds, by the marks that file systems and volume managers leave at its start. */
final class StorageSignatures {
    /** So much of the start of a device is looked at. */
    static final int LOOKED_AT_BYTES = 68 << 10;

    private record Signature(int offset, byte[] mark, String meaning) {
        static Signature of(int offset, String mark, String meaning) {
            return new Signature(offset, mark.getBytes(StandardCharsets.ISO_8859_1), meaning);
        }

        boolean isIn(byte[] start) {
            return offset + mark.length <= start.length && Arrays.equals(start, offset, offset + mark.length, mark, 0, mark.length);
        }
    }

    /** A partition table last: file systems leave its mark in their first sector, too. */
    private static final List<Signature> KNOWN = List.of(
            Signature.of(0x438, "\u0053\u00ef", "an ext2, ext3 or ext4 file system"),
            Signature.of(0, "XFSB", "an XFS file system"),
            Signature.of(0x10040, "_BHRfS_M", "a btrfs file system"),
            Signature.of(0x400, "\u0010\u0020\u00f5\u00f2", "an F2FS file system"),
            Signature.of(3, "NTFS    ", "an NTFS file system"),
            Signature.of(82, "FAT32   ", "a FAT32 file system"),
            Signature.of(54, "FAT16   ", "a FAT16 file system"),
            Signature.of(3, "EXFAT   ", "an exFAT file system"),
            Signature.of(4086, "SWAPSPACE2", "swap space"),
            Signature.of(0, "LUKS\u00ba\u00be", "a LUKS encrypted volume"),
            Signature.of(512, "LABELONE", "an LVM physical volume"),
            Signature.of(4096, "\u00fc\u004e\u002b\u00a9", "a member of a Linux software RAID"),
            Signature.of(0, "QFI\u00fb", "a QCOW2 image"),
            Signature.of(32769, "CD001", "an ISO 9660 file system"),
            Signature.of(512, "EFI PART", "a GPT partition table"),
            Signature.of(510, "\u0055\u00aa", "an MBR partition table or a boot sector"));

    private StorageSignatures() {
    }

    /** {@code start}: the first bytes of the device. */
    static Optional<String> found(byte[] start) {
        return KNOWN.stream().filter(signature -> signature.isIn(start)).map(Signature::meaning).findFirst();
    }
}
