/**
 * One model of a resource's status ({@link org.duett.replicator.node.status.ResourceView}), and its renderings: for people, as JSON, as
 * {@code /proc/drbd}, and as the lines of {@code duett events}.
 */
package org.duett.replicator.node.status;
