/**
 * The replication link as sockets: two TCP connections to the peer, found, paired and used as one. Performs the peer actions of the
 * core and reports what came; holds no rule of replication. First file to read: {@link org.duett.replicator.peer.PeerConnections}.
 */
package org.duett.replicator.peer;
