/**
 * The control socket: how the command line, the failover daemon and tests talk to a running daemon. One JSON object to a line
 * (docs/operating/control-protocol.md). First file to read: {@link org.duett.replicator.control.ControlRequest}.
 */
package org.duett.replicator.control;
