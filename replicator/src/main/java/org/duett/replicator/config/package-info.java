/**
 * The configuration: a reader for the drbd.conf grammar (spec config) and the immutable records it gives.
 *
 * <p>Start with {@link org.duett.replicator.config.ConfigReader}; {@link org.duett.replicator.config.ConfigOption} is
 * the table of all options with what Duett does about each. Section cluster is handed on as {@link
 * org.duett.replicator.config.Statement}s to the failover daemon, which knows what it means.
 */
package org.duett.replicator.config;
