/** What a member of a resource group may be, and how an order to it may end. */
package org.duett.failover.group;
