package org.duett.replicator.device;

import java.nio.file.Path;
import java.util.HexFormat;

/** What a volume is attached to: its export of one term (rule 22), behind the NBD socket of its resource. */
public record Export(String resource, int volume, long term, Path socket) {
    String termText() {
        return HexFormat.of().toHexDigits(term);
    }

    /** As NBD clients name it. */
    String name() {
        return resource + "/" + volume + "@" + termText();
    }
}
