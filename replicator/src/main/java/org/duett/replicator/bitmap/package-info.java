/** Which 4 KiB blocks may differ from the peer's, which pages of that knowledge must go to disk, and how it travels. */
package org.duett.replicator.bitmap;
