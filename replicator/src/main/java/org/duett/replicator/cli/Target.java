package org.duett.replicator.cli;

import org.duett.replicator.control.ExitCode;

/** What a verb is about: a resource, or one volume of it ({@code RES/VOL}). */
record Target(String resource, int volume) {
    static final int ALL_VOLUMES = -1;

    /** The part behind the last slash is a volume when it is a number. */
    static Target parse(String text) {
        int slash = text.lastIndexOf('/');
        if (slash <= 0 || !text.substring(slash + 1).matches("[0-9]{1,5}")) return new Target(text, ALL_VOLUMES);
        return new Target(text.substring(0, slash), Integer.parseInt(text.substring(slash + 1)));
    }

    /** For verbs that are about the resource as a whole. */
    String wholeResource(String verb) throws CommandFailed {
        if (volume == ALL_VOLUMES) return resource;
        throw new CommandFailed(ExitCode.ERROR, "duett " + verb + " is about a whole resource, not about volume " + volume + " of " + resource + ".",
                "Nothing was changed.", "Leave the volume away: duett " + verb + " " + resource);
    }
}
