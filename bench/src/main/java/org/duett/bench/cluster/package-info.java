/** A whole cluster on this machine: two nodes and a client as namespaces, a service with real data, and a client that keeps its own list. */
package org.duett.bench.cluster;
