/** Small files by which processes remember: there whole, or not at all. Shared with the failover daemon. */
package org.duett.replicator.file;
