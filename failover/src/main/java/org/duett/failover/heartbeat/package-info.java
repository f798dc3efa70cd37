/**
 * What two nodes say to each other, and what follows from their silence. Pure: time and datagrams are told. Begin with {@link
 * org.duett.failover.heartbeat.PeerLiveness}.
 */
package org.duett.failover.heartbeat;
