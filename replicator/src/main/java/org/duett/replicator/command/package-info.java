/** Runs the tools of the field with a limit of time, so that none of them can hang a takeover; tells processes from their successors. */
package org.duett.replicator.command;
