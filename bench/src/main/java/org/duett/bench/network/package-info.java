/**
 * Networks made of nothing: namespaces as machines, veth pairs as crossover cables, and the faults of a link. Shared by
 * the demo, the benchmarks and the integration tests.
 */
package org.duett.bench.network;
