/**
 * Where the core and the shells are put together. A {@link org.duett.replicator.node.ResourceNode} is one running resource: its event
 * loop delivers events to the core ({@link org.duett.replicator.node.ResourceLoop}) and hands each action to the shell that performs it
 * ({@link org.duett.replicator.node.ActionDispatch}). {@link org.duett.replicator.node.ReplicatorNode} owns all resources of a daemon.
 */
package org.duett.replicator.node;
