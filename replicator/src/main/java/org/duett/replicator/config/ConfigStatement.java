package org.duett.replicator.config;

import static org.duett.replicator.config.SupportStatus.IGNORED;
import static org.duett.replicator.config.SupportStatus.NOT_AVAILABLE;
import static org.duett.replicator.config.SupportStatus.REFUSED;
import static org.duett.replicator.config.SupportStatus.SUPPORTED;

/** The statements that are not options: the sections, and what describes hosts and volumes (spec config 3). */
public sealed interface ConfigStatement extends Spelled {

    /** What the table of statements says about one; {@code note} is what else a reader of the manual has to know. */
    record Entry(String spelling, SupportStatus status, String note) {
    }

    Entry entry();

    @Override
    default String spelling() {
        return entry().spelling();
    }

    default SupportStatus status() {
        return entry().status();
    }

    default String note() {
        return entry().note();
    }

    /** Statements outside of any section. */
    enum TopLevel implements ConfigStatement {
        GLOBAL("global", SUPPORTED, ""),
        COMMON("common", SUPPORTED, "once; what resources inherit"),
        RESOURCE("resource", SUPPORTED, ""),
        INCLUDE("include", SUPPORTED,
                "a path, or a pattern with ? * [ ], relative to the file; each file is read once; ten deep"),
        SKIP("skip", SUPPORTED, "a section that is not read; allowed inside resources, too"),
        DUETT("duett", SUPPORTED, "Duett's own settings"),
        CLUSTER("cluster", SUPPORTED, "once; the failover daemon's: [cluster.md](cluster.md)"),
        REQUIRE_EQ("require-drbd-module-version-eq", IGNORED, "DRBD 9"),
        REQUIRE_NE("require-drbd-module-version-ne", IGNORED, "DRBD 9"),
        REQUIRE_GT("require-drbd-module-version-gt", IGNORED, "DRBD 9"),
        REQUIRE_GE("require-drbd-module-version-ge", IGNORED, "DRBD 9"),
        REQUIRE_LT("require-drbd-module-version-lt", IGNORED, "DRBD 9"),
        REQUIRE_LE("require-drbd-module-version-le", IGNORED, "DRBD 9");

        private final Entry entry;

        TopLevel(String spelling, SupportStatus status, String note) {
            this.entry = new Entry(spelling, status, note);
        }

        @Override
        public Entry entry() {
            return entry;
        }
    }

    /** Statements of a resource; section common takes those that are not about hosts. */
    enum InResource implements ConfigStatement {
        ON("on", SUPPORTED, "one or more node names"),
        FLOATING("floating", SUPPORTED, "the host is known by its address"),
        VOLUME("volume", SUPPORTED, "0 to 65535"),
        DEVICE("device", SUPPORTED, "as DRBD demands it; no such device is made"),
        DISK("disk", SUPPORTED, "a section of options, or the absolute path of a file or block device"),
        META_DISK("meta-disk", SUPPORTED, "internal, a path, or a path with an index"),
        FLEXIBLE_META_DISK("flexible-meta-disk", SUPPORTED, "internal or a path"),
        NET("net", SUPPORTED, ""),
        OPTIONS("options", SUPPORTED, ""),
        STARTUP("startup", SUPPORTED, ""),
        HANDLERS("handlers", SUPPORTED, ""),
        PROTOCOL("protocol", SUPPORTED, "the old place of the net option"),
        SYNCER("syncer", SUPPORTED, "the old place of options that are now in disk, net and options"),
        INCON_DEGR_CMD("incon-degr-cmd", SUPPORTED, "DRBD 0.7: the handler pri-on-incon-degr"),
        IGNORE_ON("ignore-on", IGNORED, "given up by DRBD"),
        PROXY("proxy", NOT_AVAILABLE, "the nodes connect directly"),
        STACKED_ON_TOP_OF("stacked-on-top-of", NOT_AVAILABLE, "the whole resource is left out"),
        THIS_HOST("_this_host", REFUSED, "the output of drbdsetup show is not a configuration"),
        REMOTE_HOST("_remote_host", REFUSED, "the output of drbdsetup show is not a configuration"),
        CONNECTION("connection", REFUSED, "DRBD 9; write the options into net and the addresses into the on sections"),
        CONNECTION_MESH("connection-mesh", REFUSED, "DRBD 9; Duett mirrors between two nodes"),
        TEMPLATE_FILE("template-file", REFUSED, "DRBD 9; use include and section common");

        private final Entry entry;

        InResource(String spelling, SupportStatus status, String note) {
            this.entry = new Entry(spelling, status, note);
        }

        @Override
        public Entry entry() {
            return entry;
        }
    }

    /** Statements of sections on, floating and stacked-on-top-of. */
    enum InHost implements ConfigStatement {
        ADDRESS("address", SUPPORTED, "ipv4 or ipv6; sdp, ssocks and sci are refused"),
        VOLUME("volume", SUPPORTED, ""),
        DEVICE("device", SUPPORTED, ""),
        DISK("disk", SUPPORTED, ""),
        META_DISK("meta-disk", SUPPORTED, ""),
        FLEXIBLE_META_DISK("flexible-meta-disk", SUPPORTED, ""),
        OPTIONS("options", IGNORED, "DRBD 8.4 reads it and does not use it either; write it into the resource"),
        ALTERNATE_LINK_ADDRESS("alternate-link-address", NOT_AVAILABLE, "one link per resource"),
        PROXY("proxy", NOT_AVAILABLE, "the nodes connect directly"),
        NODE_ID("node-id", IGNORED, "DRBD 9");

        private final Entry entry;

        InHost(String spelling, SupportStatus status, String note) {
            this.entry = new Entry(spelling, status, note);
        }

        @Override
        public Entry entry() {
            return entry;
        }
    }

    /** Statements of section volume. */
    enum InVolume implements ConfigStatement {
        DEVICE("device", SUPPORTED, ""),
        DISK("disk", SUPPORTED, ""),
        META_DISK("meta-disk", SUPPORTED, ""),
        FLEXIBLE_META_DISK("flexible-meta-disk", SUPPORTED, "");

        private final Entry entry;

        InVolume(String spelling, SupportStatus status, String note) {
            this.entry = new Entry(spelling, status, note);
        }

        @Override
        public Entry entry() {
            return entry;
        }
    }
}
