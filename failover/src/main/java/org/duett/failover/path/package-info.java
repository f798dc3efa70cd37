/** Carries heartbeats between the nodes. Judges nothing: what arrives goes to {@code heartbeat}, forged or not. */
package org.duett.failover.path;
