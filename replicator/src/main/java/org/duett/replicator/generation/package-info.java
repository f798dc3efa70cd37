/**
 * Which data a disk holds, told by four identifiers, and who copies to whom when two nodes meet (spec states 3 to 5). Start with
 * {@link GenerationIdentifiers}, then {@link SyncComparison} and {@link SyncHandshake}.
 */
package org.duett.replicator.generation;
