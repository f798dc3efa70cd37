/**
 * The states of a volume and which of their combinations and changes are legal (spec states 1 and 2). Start with {@link VolumeState}, then
 * {@link StateRules}.
 */
package org.duett.replicator.state;
