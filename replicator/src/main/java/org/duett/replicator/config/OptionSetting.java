package org.duett.replicator.config;

/** An option that a file sets, and where. */
record OptionSetting(ConfigOption option, OptionValue value, SourcePosition position) {
}
