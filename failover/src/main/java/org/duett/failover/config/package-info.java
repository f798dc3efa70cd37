/** Section {@code cluster} of the configuration as records, its reader, and the importer of Heartbeat's files. */
package org.duett.failover.config;
