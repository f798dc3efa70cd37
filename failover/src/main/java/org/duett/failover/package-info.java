/** The failover daemon: heartbeats, proof, resource groups. Not built yet; the README says so. */
package org.duett.failover;
