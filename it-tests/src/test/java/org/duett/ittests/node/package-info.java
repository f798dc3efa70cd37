/** Nodes of Duett as processes: started, killed, paused, asked. */
package org.duett.ittests.node;
