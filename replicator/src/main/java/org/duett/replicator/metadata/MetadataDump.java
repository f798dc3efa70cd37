package org.duett.replicator.metadata;

import java.util.Locale;
import java.util.function.LongUnaryOperator;

/** The metadata as text, in the form that drbdmeta prints and restores (spec metadata 10.1). For operators; takes as long as it takes. */
public final class MetadataDump {
    private static final int WORDS_PER_LINE = 4;
    private static final int WORDS_PER_POSITION = 32;
    private static final int KIB_PER_WORD = 256;

    private final StringBuilder text = new StringBuilder();

    private MetadataDump() {
    }

    /**
     * Unclean metadata is printed as drbdmeta does when forced: with a line that keeps anybody from restoring it.
     *
     * @param bitmapWord the word of 64 bits with a given index; asked for whole pages of 512 words
     */
    public static String of(Superblock superblock, MetadataLayout layout, LongUnaryOperator bitmapWord) {
        var dump = new MetadataDump();
        dump.head(superblock, layout);
        dump.superblock(superblock, layout);
        dump.bitmap(bitmapWords(superblock), bitmapWord);
        return dump.text.toString();
    }

    private static long bitmapWords(Superblock superblock) {
        return MetadataLayout.divideUp(superblock.lastAgreedSectors(), MetadataLayout.DATA_SECTORS_PER_BITMAP_PAGE)
                * 512;
    }

    private void head(Superblock superblock, MetadataLayout layout) {
        line("version \"v08\";");
        line("");
        if (!superblock.isClean()) {
            line("This_is_an_unclean_meta_data_dump._Don't_trust_the_bitmap.");
            line("# You should \"apply-al\" first, if you plan to restore this.");
            line("");
        }
        line("# md_size_sect " + layout.areaSectors());
        line("# md_offset " + layout.superblockByte());
        line("# al_offset " + layout.activityLogByte());
        line("# bm_offset " + layout.bitmapByte());
        line("");
    }

    private void superblock(Superblock superblock, MetadataLayout layout) {
        line("uuid {");
        line("    " + hex(superblock.currentUuid()) + "; " + hex(superblock.bitmapUuid()) + "; "
                + hex(superblock.historyYoung()) + "; " + hex(superblock.historyOld()) + ";");
        // drbdmeta 9.22.0 prints zero here whatever they are; with them the dump restores what it was made of.
        line("    flags " + String.format(Locale.ROOT, "0x%08X", superblock.flags()) + ";");
        line("}");
        line("# al-extents " + Integer.toUnsignedString(superblock.activityLogExtents()) + ";");
        line("la-size-sect " + Long.toUnsignedString(superblock.lastAgreedSectors()) + ";");
        line("bm-byte-per-bit " + Integer.toUnsignedString(superblock.bitmapBytesPerBit()) + ";");
        line("device-uuid " + hex(superblock.deviceUuid()) + ";");
        line("la-peer-max-bio-size " + Integer.toUnsignedString(superblock.peerMaximumRequestBytes()) + ";");
        line("al-stripes " + layout.ring().stripes() + ";");
        line("al-stripe-size-4k " + layout.ring().stripeBlocks() + ";");
    }

    private void bitmap(long words, LongUnaryOperator bitmapWord) {
        line("# bm-bytes " + words * Long.BYTES + ";");
        line("bm {");
        long setBits = 0;
        for (long index = 0; index < words;) {
            if (index % WORDS_PER_POSITION == 0)
                line("   # at " + index * KIB_PER_WORD + "kB");
            long word = bitmapWord.applyAsLong(index);
            // Runs are counted in whole lines, and one line alone is not worth it.
            long run = runLength(index, words, bitmapWord) / WORDS_PER_LINE * WORDS_PER_LINE;
            if (run > WORDS_PER_LINE) {
                line("    " + run + " times " + hex(word) + ";");
                setBits += run * Long.bitCount(word);
                index += run;
            } else {
                setBits += wordLine(index, bitmapWord);
                index += WORDS_PER_LINE;
            }
        }
        line("}");
        line("# bits-set " + setBits + ";");
    }

    private static long runLength(long from, long words, LongUnaryOperator bitmapWord) {
        long word = bitmapWord.applyAsLong(from);
        long end = from + 1;
        while (end < words && bitmapWord.applyAsLong(end) == word)
            end++;
        return end - from;
    }

    private int wordLine(long index, LongUnaryOperator bitmapWord) {
        int setBits = 0;
        text.append("   ");
        for (int i = 0; i < WORDS_PER_LINE; i++) {
            long word = bitmapWord.applyAsLong(index + i);
            setBits += Long.bitCount(word);
            text.append(' ').append(hex(word)).append(';');
        }
        text.append('\n');
        return setBits;
    }

    private static String hex(long value) {
        return String.format(Locale.ROOT, "0x%016X", value);
    }

    private void line(String line) {
        text.append(line).append('\n');
    }
}
