/**
 * Block devices for tests and measurements, whose every request passes through our hands: {@link org.duett.bench.device.Medium} keeps the
 * bytes, {@link org.duett.bench.device.MediumServer} offers them over NBD, {@link org.duett.bench.device.MediumDevice}
 * makes a block device of that with nbdfuse and a loop device.
 */
package org.duett.bench.device;
