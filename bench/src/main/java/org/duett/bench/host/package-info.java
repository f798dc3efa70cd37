/** The machine that tests, demo and benchmarks run on: its commands, and what it lacks. */
package org.duett.bench.host;
