/**
 * The verbs of the command line. Almost all of them only ask the daemon, through the control socket; {@code create-md} and {@code dump-md}
 * work on disks that no daemon has. First file to read: {@link org.duett.replicator.cli.Verbs}.
 */
package org.duett.replicator.cli;
