/**
 * Block devices for tests, whose every request passes through our hands: {@link org.duett.ittests.device.Medium} keeps the
 * bytes, {@link org.duett.ittests.device.MediumServer} offers them over NBD, {@link org.duett.ittests.device.MediumDevice}
 * makes a block device of that with nbdfuse and a loop device.
 */
package org.duett.ittests.device;
