/** Both nodes, their disks, the network and time in one thread from one seed: the core runs here as it does in production. */
package org.duett.replicator.simulator;
