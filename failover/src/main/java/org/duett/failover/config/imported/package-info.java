/**
 * Makes a section cluster out of the files of Heartbeat 1 and 2 (ha.cf, haresources, authkeys). Begin with {@link
 * org.duett.failover.config.imported.HeartbeatImport}.
 */
package org.duett.failover.config.imported;
