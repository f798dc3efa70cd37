/** The block replicator: a deterministic core and the shells around it; docs/architecture.md is the map. */
package org.duett.replicator;
