/** The failover daemon: heartbeats, proof, resource groups. Read {@code decision.FailoverMachine} first. */
package org.duett.failover;
