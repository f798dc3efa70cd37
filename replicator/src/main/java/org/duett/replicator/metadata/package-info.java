/** The metadata area of a disk as bytes: where it lies, what its parts say, what must be marked after a crash (spec metadata). */
package org.duett.replicator.metadata;
