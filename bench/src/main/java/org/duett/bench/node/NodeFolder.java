package org.duett.bench.node;

import java.nio.file.Path;

/** All files of one node of a pair on this machine, in one folder. */
public record NodeFolder(String name, Path folder) {

    public Path configuration() {
        return folder.resolve("duett.conf");
    }

    public Path disk() {
        return folder.resolve("disk.img");
    }

    public Path runDirectory() {
        return folder.resolve("run");
    }

    public Path controlSocket() {
        return runDirectory().resolve("control.sock");
    }

    public Path stateDirectory() {
        return folder.resolve("state");
    }

    public Path log() {
        return folder.resolve("daemon.log");
    }
}
