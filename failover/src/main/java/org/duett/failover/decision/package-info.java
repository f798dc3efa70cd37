/**
 * Who is active, and what follows: a deterministic machine that is told and asks. Nothing here knows a clock, a socket or a thread.
 * {@link org.duett.failover.decision.FailoverMachine} is the front door.
 */
package org.duett.failover.decision;
