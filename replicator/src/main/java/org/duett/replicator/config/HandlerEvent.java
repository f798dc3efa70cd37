package org.duett.replicator.config;

/** What a handler is called for (spec states 6.3). */
public enum HandlerEvent implements Spelled {
    PRI_ON_INCON_DEGR("pri-on-incon-degr"),
    PRI_LOST_AFTER_SB("pri-lost-after-sb"),
    PRI_LOST("pri-lost"),
    INITIAL_SPLIT_BRAIN("initial-split-brain"),
    SPLIT_BRAIN("split-brain"),
    FENCE_PEER("fence-peer"),
    UNFENCE_PEER("unfence-peer"),
    LOCAL_IO_ERROR("local-io-error"),
    BEFORE_RESYNC_TARGET("before-resync-target"),
    AFTER_RESYNC_TARGET("after-resync-target"),
    BEFORE_RESYNC_SOURCE("before-resync-source"),
    OUT_OF_SYNC("out-of-sync");

    private final String spelling;

    HandlerEvent(String spelling) {
        this.spelling = spelling;
    }

    @Override
    public String spelling() {
        return spelling;
    }
}
