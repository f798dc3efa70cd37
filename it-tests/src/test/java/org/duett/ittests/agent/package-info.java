/** The failover daemon's agents on real interfaces and devices. */
package org.duett.ittests.agent;
