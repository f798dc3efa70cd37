/** Duett's own nodes as processes on this machine: their folders and configurations, daemons, commands and status. */
package org.duett.bench.node;
