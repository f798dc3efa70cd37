/** Small files by which processes remember: there whole, or not at all; and what a person is told of a file that fails. Shared with the failover daemon. */
package org.duett.replicator.file;
