/** {@code duett cluster drill}: what can be tried on a cluster in service without harm, with a dated report. */
package org.duett.failover.drill;
