/** Runs the tools of the field with a limit of time, so that none of them can hang a takeover. */
package org.duett.failover.command;
