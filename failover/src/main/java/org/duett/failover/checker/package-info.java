/** Performs the checks: runs commands, looks at disks, the service net, clocks and the replicator. */
package org.duett.failover.checker;
