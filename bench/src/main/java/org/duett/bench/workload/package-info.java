/** What is done to a target: the workload as a value, and the two generators of it, fio and our own client. */
package org.duett.bench.workload;
