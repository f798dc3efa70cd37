/**
 * Makes a served volume a block device of this host, with the tools of the field: the kernel's nbd, or nbdfuse and loop, and between
 * them and the export a proxy that connects again. First file to read: {@link org.duett.replicator.device.BlockDevices}.
 */
package org.duett.replicator.device;
