/** The clock that counts on through a suspend, and which boot this is: what both daemons measure by. */
package org.duett.replicator.clock;
