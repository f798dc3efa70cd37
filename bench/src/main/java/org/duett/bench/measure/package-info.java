/** How figures are taken: latency, allocation, and two targets in turn within one run. */
package org.duett.bench.measure;
