/** Which event loops and channels Netty is used with; shared by every shell that opens sockets or runs disk operations on a loop. */
package org.duett.replicator.transport;
