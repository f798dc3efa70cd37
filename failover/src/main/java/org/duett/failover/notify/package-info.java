/** Tells people what happened: by a program of theirs, a webhook, syslog. Nothing in here can hold up the cluster. */
package org.duett.failover.notify;
