/** The front end: serves the volumes of a resource to clients by NBD while this node is Primary (docs/spec/nbd.md). */
package org.duett.replicator.nbd;
