/** The way to the replicator daemon of this node: its status, orders to it, and its restart. Nothing else is shared with it. */
package org.duett.failover.link;
