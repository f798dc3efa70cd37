package org.duett.failover.decision;

/** What a group does once it has stopped. */
enum AfterStop {
    /** It may start again where it is due. */
    REST,
    /** The other node is to start it. */
    OFFER,
    /** Something was only half there: as if it had never run. */
    TIDIED
}
