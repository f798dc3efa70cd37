/** The volume's backing device: opening it exclusively, performing the core's operations on it, and the memory for them. */
package org.duett.replicator.disk;
