/** Asks the world for the proofs of {@code proof}: ping and arping, fence agents, a witness. Decides nothing. */
package org.duett.failover.prover;
