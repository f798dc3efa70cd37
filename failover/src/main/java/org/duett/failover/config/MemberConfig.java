package org.duett.failover.config;

import java.net.InetAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** One member of a group. */
public sealed interface MemberConfig {
    /** As status and messages call it. */
    String label();

    int startTimeoutMillis();

    int stopTimeoutMillis();

    /** A resource of the replicator: Primary here while the group runs. */
    record Resource(String name, int startTimeoutMillis, int stopTimeoutMillis) implements MemberConfig {
        @Override
        public String label() {
            return "resource " + name;
        }
    }

    /** A volume as a block device of this host ({@code duett attach-device}). */
    record Device(String resource, int volume, int startTimeoutMillis, int stopTimeoutMillis) implements MemberConfig {
        @Override
        public String label() {
            return "device " + resource + "/" + volume;
        }
    }

    /** A file system on a volume of the replicator. {@code mountOptions} as for {@code mount -o}. */
    record Filesystem(String resource, int volume, Path mountPoint, String type, List<String> mountOptions, FsckPolicy fsck, OnBusy onBusy,
            int startTimeoutMillis, int stopTimeoutMillis) implements MemberConfig {
        public Filesystem {
            mountOptions = List.copyOf(mountOptions);
        }

        @Override
        public String label() {
            return "filesystem " + mountPoint;
        }
    }

    /** PREEN: fsck -p before the mount; NEVER: the journal alone. */
    enum FsckPolicy { PREEN, NEVER }

    /** What follows when somebody still uses the file system at a stop: say who and fail, or end those processes. */
    enum OnBusy { FAIL, KILL }

    /** An address on an interface, with a lifetime that is refreshed. {@code prefixLength} as in 192.0.2.7/24. */
    record Address(InetAddress address, int prefixLength, String networkInterface, int lifetimeSeconds, int startTimeoutMillis,
            int stopTimeoutMillis) implements MemberConfig {
        @Override
        public String label() {
            return "address " + address.getHostAddress();
        }
    }

    /** A program. */
    record Program(String name, ProgramKind kind, int startTimeoutMillis, int stopTimeoutMillis) implements MemberConfig {
        @Override
        public String label() {
            return "program " + name;
        }
    }

    /** How a program is started, stopped and looked at. */
    sealed interface ProgramKind {
        record Systemd(String unit) implements ProgramKind {
        }

        /** {@code agent} as in ocf:PROVIDER:TYPE. */
        record Ocf(String provider, String type, Map<String, String> parameters) implements ProgramKind {
            public Ocf {
                parameters = Map.copyOf(parameters);
            }
        }

        record Lsb(Path script) implements ProgramKind {
        }

        /** Commands for {@code sh -c}. Without a stop command the process that start left running is ended; without monitor it has to live. */
        record Command(String start, Optional<String> stop, Optional<String> monitor) implements ProgramKind {
        }
    }

    /** A symbolic link that exists while the group runs here: {@code link} leads to {@code target}. */
    record Link(Path link, Path target, int startTimeoutMillis, int stopTimeoutMillis) implements MemberConfig {
        @Override
        public String label() {
            return "link " + link;
        }
    }
}
