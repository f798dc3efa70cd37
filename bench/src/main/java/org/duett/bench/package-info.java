/** Benchmarks, the demo, and the virtual network that the demo and the integration tests share. */
package org.duett.bench;
