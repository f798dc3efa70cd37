/** Performs the members of groups with the tools of the field: ip, arping, mount, systemctl, OCF agents. Decides nothing. */
package org.duett.failover.agent;
