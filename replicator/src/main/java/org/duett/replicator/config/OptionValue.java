package org.duett.replicator.config;

import java.util.List;

/** A value as it was read, in the option's own unit. */
sealed interface OptionValue {
    record Switch(boolean on) implements OptionValue {
    }

    record Amount(long amount) implements OptionValue {
    }

    record Word(String word) implements OptionValue {
    }

    record Names(List<String> names) implements OptionValue {
    }

    record Endpoint(NodeAddress address) implements OptionValue {
    }
}
