package org.duett.replicator.nbd;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/** A volume as it is served in one term (rule 22), and the connections that use it. A later term is another export. */
final class NbdExport {
    final int volume;
    final String term;
    /** {@code NAME/VOLUME@TERM}. */
    final String name;
    final int logicalBlockBytes;
    /** Grows when the volume does; a connection keeps the size that it negotiated. */
    long sizeBytes;
    final List<NbdConnection> connections = new ArrayList<>();
    boolean usersEventScheduled;

    NbdExport(String resourceName, int volume, long term, long sizeBytes, int logicalBlockBytes) {
        assert volume >= 0;
        assert sizeBytes > 0;
        assert logicalBlockBytes >= NbdProtocol.SECTOR_BYTES;
        assert Integer.bitCount(logicalBlockBytes) == 1;
        assert sizeBytes % logicalBlockBytes == 0;
        this.volume = volume;
        this.term = termText(term);
        this.name = resourceName + "/" + volume + "@" + this.term;
        this.sizeBytes = sizeBytes;
        this.logicalBlockBytes = logicalBlockBytes;
    }

    static String termText(long term) {
        return HexFormat.of().toHexDigits(term);
    }
}
