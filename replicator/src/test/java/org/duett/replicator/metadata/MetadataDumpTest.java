package org.duett.replicator.metadata;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Spec metadata 10.1; that drbdmeta prints the same of the same disk, {@link DrbdmetaJudgeTest} says where it is installed. */
class MetadataDumpTest {
    private static final long DEVICE_BYTES = 64 << 20;
    private static final int WORDS_OF_A_PAGE = 512;
    private static final MetadataLayout LAYOUT = MetadataLayout.of(new MetadataKind.Internal(), DEVICE_BYTES);
    private static final Superblock SUPERBLOCK = Superblock.created(LAYOUT, 0xdeadbeefcafef00dL, 1 << 20).withLastAgreedSectors(130992)
            .withActivityLogExtents(67).withFlags(Superblock.CONSISTENT | Superblock.WAS_UP_TO_DATE)
            .withUuids(0x1122334455667788L, 0x99aabbccddeeff00L, 0x0102030405060708L, 0x1112131415161718L).clean();

    private final long[] words = new long[2 * WORDS_OF_A_PAGE];

    private List<String> dump(Superblock superblock) {
        return MetadataDump.of(superblock, LAYOUT, index -> words[(int) index]).lines().toList();
    }

    private List<String> bitmap(Superblock superblock) {
        List<String> lines = dump(superblock);
        return lines.subList(lines.indexOf("bm {") + 1, lines.size());
    }

    @Test
    void whatTheSuperblockSaysStandsThereWithItsName() {
        assertThat(dump(SUPERBLOCK)).startsWith("version \"v08\";",
                "",
                "# md_size_sect 80",
                "# md_offset 67104768",
                "# al_offset 67072000",
                "# bm_offset 67067904",
                "",
                "uuid {",
                "    0x1122334455667788; 0x99AABBCCDDEEFF00; 0x0102030405060708; 0x1112131415161718;",
                "    flags 0x00000091;",
                "}",
                "# al-extents 67;",
                "la-size-sect 130992;",
                "bm-byte-per-bit 4096;",
                "device-uuid 0xDEADBEEFCAFEF00D;",
                "la-peer-max-bio-size 1048576;",
                "al-stripes 1;",
                "al-stripe-size-4k 8;",
                "# bm-bytes 4096;",
                "bm {");
    }

    @Test
    void uncleanMetadataIsNotToBeRestored() {
        assertThat(dump(SUPERBLOCK.inUse())).startsWith("version \"v08\";",
                "",
                "This_is_an_unclean_meta_data_dump._Don't_trust_the_bitmap.",
                "# You should \"apply-al\" first, if you plan to restore this.",
                "",
                "# md_size_sect 80");
    }

    @Test
    void aBitmapInWhichNothingIsSetIsOneRun() {
        assertThat(bitmap(SUPERBLOCK)).containsExactly("   # at 0kB", "    512 times 0x0000000000000000;", "}", "# bits-set 0;");
    }

    @Test
    void aDiskThatNeverAgreedOnASizeHasNoBitmap() {
        assertThat(bitmap(SUPERBLOCK.withLastAgreedSectors(0))).containsExactly("}", "# bits-set 0;");
    }

    /** Four words are 1 MiB of data; 32 of them a position. */
    @Test
    void wordsStandInFoursAndTheirPositionBeforeEach32() {
        for (int i = 0; i < 40; i++)
            words[i] = i + 1;
        var expected = new ArrayList<String>();
        int bits = 0;
        for (int i = 0; i < 40; i += 4) {
            if (i % 32 == 0) expected.add("   # at " + i * 256 + "kB");
            expected.add("    0x%016X; 0x%016X; 0x%016X; 0x%016X;".formatted(i + 1, i + 2, i + 3, i + 4));
        }
        for (int i = 1; i <= 40; i++) bits += Integer.bitCount(i);
        expected.addAll(List.of("    472 times 0x0000000000000000;", "}", "# bits-set " + bits + ";"));
        assertThat(bitmap(SUPERBLOCK)).isEqualTo(expected);
    }

    @Test
    void oneLineOfEqualWordsIsNoRunAndTwoAre() {
        Arrays.fill(words, 0, 4, -1);
        words[4] = 7;
        Arrays.fill(words, 8, 16, 3);
        words[16] = 1;
        assertThat(bitmap(SUPERBLOCK)).containsExactly("   # at 0kB",
                "    0xFFFFFFFFFFFFFFFF; 0xFFFFFFFFFFFFFFFF; 0xFFFFFFFFFFFFFFFF; 0xFFFFFFFFFFFFFFFF;",
                "    0x0000000000000007; 0x0000000000000000; 0x0000000000000000; 0x0000000000000000;",
                "    8 times 0x0000000000000003;",
                "    0x0000000000000001; 0x0000000000000000; 0x0000000000000000; 0x0000000000000000;",
                "    492 times 0x0000000000000000;",
                "}",
                "# bits-set " + (4 * 64 + 3 + 8 * 2 + 1) + ";");
    }

    /** A run ends with a whole line; what is left of it begins the next one. */
    @Test
    void aRunIsCutToWholeLinesAndTheLastPageIsWhole() {
        Arrays.fill(words, 0, 10, 5);
        assertThat(bitmap(SUPERBLOCK.withLastAgreedSectors(MetadataLayout.DATA_SECTORS_PER_BITMAP_PAGE + 1))).containsExactly("   # at 0kB",
                "    8 times 0x0000000000000005;",
                "    0x0000000000000005; 0x0000000000000005; 0x0000000000000000; 0x0000000000000000;",
                "    1012 times 0x0000000000000000;",
                "}",
                "# bits-set 20;");
    }
}
