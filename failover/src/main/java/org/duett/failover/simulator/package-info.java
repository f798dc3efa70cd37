/**
 * Two failover machines over two resource machines, their disks, networks, proofs and programs, in one thread from one seed. Behind {@code
 * duett cluster simulate}; the same classes decide as in production.
 */
package org.duett.failover.simulator;
