/** What {@code duett cluster status} shows, for people and for programs. */
package org.duett.failover.status;
