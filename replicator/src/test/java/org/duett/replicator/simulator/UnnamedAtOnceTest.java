package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import org.duett.replicator.metadata.MetadataLayout;
import org.duett.replicator.metadata.Superblock;
import org.junit.jupiter.api.Test;

/** The checker itself: what un-names a block is looked at in the moment in which it reaches the disk (rule 12). */
class UnnamedAtOnceTest {
    private static final int BLOCK_BYTES = MetadataLayout.BLOCK_BYTES;

    /** Both have written block 1, and the peer alone has flushed it; the page of the bitmap names it, the log does not count. */
    private static SimulatedPair writtenOnOneForCertain(long seed) {
        var pair = SimulatedPair.connected(seed);
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.beta().data(0).flush(errno -> {
        });
        pair.runFor(10 * Stories.MILLI);
        byte[] page = new byte[BLOCK_BYTES];
        page[0] = 2;
        pair.alpha().metadata(0).store(bitmap(pair), page);
        pair.alpha().metadata(0).store(layout(pair).superblockByte(), superblock(pair, false));
        new UnnamedAtOnce(pair, new CopyLedger(pair), new NamedDifferences(pair)).watch();
        return pair;
    }

    private static MetadataLayout layout(SimulatedPair pair) {
        return Stories.volume(pair.alpha()).layout();
    }

    private static long bitmap(SimulatedPair pair) {
        return layout(pair).bitmapPageByte(0);
    }

    private static byte[] superblock(SimulatedPair pair, boolean primary) {
        Superblock onDisk = Stories.superblockOnDisk(pair.alpha());
        int others = onDisk.flags() & ~Superblock.PRIMARY_INDICATED;
        ByteBuf block = Unpooled.buffer(BLOCK_BYTES);
        onDisk.withFlags(primary ? others | Superblock.PRIMARY_INDICATED : others).encode(block, 0);
        return block.array();
    }

    private static void write(SimulatedPair pair, long at, byte[] block) {
        pair.alpha().metadata(0).write(at, block.length, Contents.of(block, 0, block.length), true, errno -> {
        });
        pair.runFor(10 * Stories.MILLI);
    }

    @Test
    void aPageThatComesBeforeTheBlockIsFound() {
        var pair = writtenOnOneForCertain(1);
        assertThatThrownBy(() -> write(pair, bitmap(pair), new byte[BLOCK_BYTES])).isInstanceOf(AssertionError.class)
                .hasMessageContaining("had alpha lost power just now, block 1 (sector 8) would differ, and nobody would name it");
    }

    @Test
    void onePageAfterTheBlockIsInOrder() {
        var pair = writtenOnOneForCertain(2);
        pair.alpha().data(0).flush(errno -> {
        });
        pair.runFor(10 * Stories.MILLI);
        assertThatCode(() -> write(pair, bitmap(pair), new byte[BLOCK_BYTES])).doesNotThrowAnyException();
    }

    @Test
    void soIsOneWhileTheLogNamesTheBlock() {
        var pair = writtenOnOneForCertain(3);
        pair.alpha().metadata(0).store(layout(pair).superblockByte(), superblock(pair, true));
        assertThatCode(() -> write(pair, bitmap(pair), new byte[BLOCK_BYTES])).doesNotThrowAnyException();
        // Without that mark nobody looks at the log.
        assertThatThrownBy(() -> write(pair, layout(pair).superblockByte(), superblock(pair, false))).isInstanceOf(AssertionError.class)
                .hasMessageContaining("what un-names it is on the disk before the block is");
    }
}
