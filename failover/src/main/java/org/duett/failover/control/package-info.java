/** The socket on which {@code duett cluster} asks the failover daemon. */
package org.duett.failover.control;
