/** When something that is looked at regularly counts as failed and as good again. */
package org.duett.failover.check;
