package org.duett.replicator.config;

import static org.duett.replicator.config.NumberUnit.BYTES;
import static org.duett.replicator.config.NumberUnit.COUNT;
import static org.duett.replicator.config.NumberUnit.KIB_PER_SECOND;
import static org.duett.replicator.config.NumberUnit.PAGES;
import static org.duett.replicator.config.NumberUnit.SECONDS;
import static org.duett.replicator.config.NumberUnit.SECTORS;
import static org.duett.replicator.config.NumberUnit.TENTHS_OF_A_SECOND;
import static org.duett.replicator.config.OptionSection.DISK;
import static org.duett.replicator.config.OptionSection.DUETT;
import static org.duett.replicator.config.OptionSection.DUETT_RESOURCE;
import static org.duett.replicator.config.OptionSection.GLOBAL;
import static org.duett.replicator.config.OptionSection.HANDLERS;
import static org.duett.replicator.config.OptionSection.NET;
import static org.duett.replicator.config.OptionSection.OPTIONS;
import static org.duett.replicator.config.OptionSection.STARTUP;
import static org.duett.replicator.config.OptionType.OutOfRange.ACCEPT_LARGER;
import static org.duett.replicator.config.OptionType.OutOfRange.CLAMP;
import static org.duett.replicator.config.OptionType.OutOfRange.REFUSE;
import static org.duett.replicator.config.SupportStatus.IGNORED;
import static org.duett.replicator.config.SupportStatus.NOT_AVAILABLE;
import static org.duett.replicator.config.SupportStatus.REFUSED;
import static org.duett.replicator.config.SupportStatus.SUPPORTED;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.duett.replicator.config.DiskConfig.Fencing;
import org.duett.replicator.config.DiskConfig.OnIoError;
import org.duett.replicator.config.DuettOptions.Discard;
import org.duett.replicator.config.DuettOptions.OnReadError;
import org.duett.replicator.config.NetConfig.AfterSplitBrainNoPrimary;
import org.duett.replicator.config.NetConfig.AfterSplitBrainOnePrimary;
import org.duett.replicator.config.NetConfig.AfterSplitBrainTwoPrimaries;
import org.duett.replicator.config.NetConfig.Protocol;
import org.duett.replicator.config.NetConfig.RoleResyncConflict;
import org.duett.replicator.config.OptionType.Choice;
import org.duett.replicator.config.OptionType.Directory;
import org.duett.replicator.config.OptionType.Endpoint;
import org.duett.replicator.config.OptionType.Flag;
import org.duett.replicator.config.OptionType.Hosts;
import org.duett.replicator.config.OptionType.Mark;
import org.duett.replicator.config.OptionType.Number;
import org.duett.replicator.config.OptionType.Text;
import org.duett.replicator.config.ResourceOptions.OnNoDataAccessible;

/**
 * Every option that Duett knows, with what it does about it: the one table behind the reader, its warnings and
 * docs/operating/configuration.md. Names, ranges and defaults: spec config 4.
 */
public enum ConfigOption {
    USAGE_COUNT(GLOBAL, "usage-count", choice("yes", "no", "ask"), "ask", IGNORED, "Duett reports to nobody"),
    MINOR_COUNT(GLOBAL, "minor-count", new Number(COUNT, 1, 255, REFUSE), "32", IGNORED, "no minors are set aside"),
    DIALOG_REFRESH(GLOBAL, "dialog-refresh", new Number(SECONDS, 0, 600, REFUSE), "1", IGNORED,
            "there is no start-up dialog"),
    DISABLE_IP_VERIFICATION(GLOBAL, "disable-ip-verification", new Mark(), null, IGNORED,
            "an address that this host does not have is reported when it is used"),
    UDEV_ALWAYS_USE_VNR(GLOBAL, "udev-always-use-vnr", new Mark(), null, IGNORED, "no device nodes are made"),
    CMD_TIMEOUT_SHORT(GLOBAL, "cmd-timeout-short", new Number(SECONDS, 0, 900, REFUSE), "5", IGNORED,
            "commands go to the daemon, which answers in its own time"),
    CMD_TIMEOUT_MEDIUM(GLOBAL, "cmd-timeout-medium", new Number(SECONDS, 0, 900, REFUSE), "121", IGNORED,
            "as cmd-timeout-short"),
    CMD_TIMEOUT_LONG(GLOBAL, "cmd-timeout-long", new Number(SECONDS, 0, 900, REFUSE), "600", IGNORED,
            "as cmd-timeout-short"),
    DISABLE_IO_HINTS(GLOBAL, "disable-io-hints", new Mark(), null, IGNORED, "DRBD 0.7"),

    ON_NO_DATA_ACCESSIBLE(OPTIONS, "on-no-data-accessible",
            choice(OnNoDataAccessible.values()), "io-error", SUPPORTED,
            ""),
    CPU_MASK(OPTIONS, "cpu-mask", new Text(32), "", NOT_AVAILABLE,
            "use the operating system's means, such as taskset or CPUAffinity of systemd"),

    SIZE(DISK, "size", new Number(SECTORS, 0, 2199023255552L, REFUSE), "0", SUPPORTED,
            "0 = as large as the disk allows"),
    ON_IO_ERROR(DISK, "on-io-error", choice(OnIoError.values()), "detach", SUPPORTED, ""),
    FENCING(DISK, "fencing", choice(Fencing.values()), "dont-care", SUPPORTED,
            "resource-and-stonith excludes protocol A"),
    DISK_FLUSHES(DISK, "disk-flushes", new Flag(true), "yes", SUPPORTED,
            "`no` only with a write cache that survives a power loss"),
    MD_FLUSHES(DISK, "md-flushes", new Flag(true), "yes", SUPPORTED,
            "`no` only with a write cache that survives a power loss"),
    DISK_BARRIER(DISK, "disk-barrier", new Flag(true), "no", IGNORED, "as on current kernels, disk-flushes decides"),
    DISK_DRAIN(DISK, "disk-drain", new Flag(true), "yes", IGNORED, "Duett always waits for the writes of an epoch"),
    AL_EXTENTS(DISK, "al-extents", new Number(COUNT, 67, 65534, CLAMP), "1237", SUPPORTED,
            "extents of 4 MiB; the size of the log on disk is a further limit"),
    AL_UPDATES(DISK, "al-updates", new Flag(false), "yes", SUPPORTED,
            "with `no`, the crash of a Primary costs a full resync"),
    RESYNC_RATE(DISK, "resync-rate", new Number(KIB_PER_SECOND, 1, 4194304, REFUSE), "250", SUPPORTED,
            "also `rate`; the pace when c-plan-ahead is 0, and at the start"),
    C_PLAN_AHEAD(DISK, "c-plan-ahead", new Number(TENTHS_OF_A_SECOND, 0, 300, REFUSE), "20", SUPPORTED,
            "0 = fixed pace"),
    C_DELAY_TARGET(DISK, "c-delay-target", new Number(TENTHS_OF_A_SECOND, 1, 100, REFUSE), "10", SUPPORTED, ""),
    C_FILL_TARGET(DISK, "c-fill-target", new Number(SECTORS, 0, 1048576, REFUSE), "100", SUPPORTED,
            "0 = c-delay-target steers"),
    C_MAX_RATE(DISK, "c-max-rate", new Number(KIB_PER_SECOND, 250, 4194304, REFUSE), "102400", SUPPORTED, ""),
    C_MIN_RATE(DISK, "c-min-rate", new Number(KIB_PER_SECOND, 0, 4194304, REFUSE), "250", SUPPORTED, ""),
    DISK_TIMEOUT(DISK, "disk-timeout", new Number(TENTHS_OF_A_SECOND, 0, 6000, ACCEPT_LARGER), "0", SUPPORTED,
            "0 = off"),
    RESYNC_AFTER(DISK, "resync-after", new Text(255), "", NOT_AVAILABLE,
            "also `after`; resources resync at the same time"),
    READ_BALANCING(DISK, "read-balancing",
            choice("prefer-local", "prefer-remote", "round-robin", "least-pending", "when-congested-remote",
                    "32K-striping", "64K-striping", "128K-striping", "256K-striping", "512K-striping", "1M-striping"),
            "prefer-local", NOT_AVAILABLE,
            "Duett reads locally while its disk is UpToDate"),
    RS_DISCARD_GRANULARITY(DISK, "rs-discard-granularity", new Number(BYTES, 0, 1048576, ACCEPT_LARGER), "0",
            NOT_AVAILABLE,
            ""),
    DISCARD_ZEROES_IF_ALIGNED(DISK, "discard-zeroes-if-aligned", new Flag(false), "yes", IGNORED,
            "a discarded range always reads back as zeroes"),
    DISABLE_WRITE_SAME(DISK, "disable-write-same", new Flag(false), "no", IGNORED, ""),
    MAX_BIO_BVECS(DISK, "max-bio-bvecs", new Number(COUNT, 0, 128, ACCEPT_LARGER), "0", IGNORED, ""),
    USE_BMBV(DISK, "use-bmbv", new Flag(false), null, IGNORED, "DRBD 8.0"),
    SPLIT_BRAIN_FIX(DISK, "split-brain-fix", new Mark(), null, IGNORED, "DRBD 0.7"),

    PROTOCOL(NET, "protocol", choice(Protocol.values()), "C", SUPPORTED, "any case; also directly in the resource"),
    TIMEOUT(NET, "timeout", new Number(TENTHS_OF_A_SECOND, 1, 600, REFUSE), "60", SUPPORTED,
            "shorter than ping-int and connect-int"),
    CONNECT_INT(NET, "connect-int", new Number(SECONDS, 1, 120, REFUSE), "10", SUPPORTED, ""),
    PING_INT(NET, "ping-int", new Number(SECONDS, 1, 120, REFUSE), "10", SUPPORTED, ""),
    PING_TIMEOUT(NET, "ping-timeout", new Number(TENTHS_OF_A_SECOND, 1, 300, ACCEPT_LARGER), "5", SUPPORTED,
            "30 with a kernel as peer"),
    KO_COUNT(NET, "ko-count", new Number(COUNT, 0, 200, REFUSE), "7", SUPPORTED, "0 = off"),
    MAX_EPOCH_SIZE(NET, "max-epoch-size", new Number(COUNT, 1, 20000, REFUSE), "2048", SUPPORTED, "writes"),
    MAX_BUFFERS(NET, "max-buffers", new Number(PAGES, 32, 131072, REFUSE), "2048", SUPPORTED, ""),
    SNDBUF_SIZE(NET, "sndbuf-size", new Number(BYTES, 0, 10485760, REFUSE), "0", SUPPORTED,
            "0 = the operating system decides"),
    RCVBUF_SIZE(NET, "rcvbuf-size", new Number(BYTES, 0, 10485760, REFUSE), "0", SUPPORTED,
            "0 = the operating system decides"),
    CRAM_HMAC_ALG(NET, "cram-hmac-alg", algorithm(NetConfig.HMAC_HASHES), "", SUPPORTED, "needs shared-secret"),
    SHARED_SECRET(NET, "shared-secret", new Text(63), "", SUPPORTED, "needs cram-hmac-alg"),
    DATA_INTEGRITY_ALG(NET, "data-integrity-alg", algorithm(NetConfig.DIGESTS), "", SUPPORTED, ""),
    CSUMS_ALG(NET, "csums-alg", algorithm(NetConfig.DIGESTS), "", SUPPORTED, ""),
    CSUMS_AFTER_CRASH_ONLY(NET, "csums-after-crash-only", new Flag(false), "no", NOT_AVAILABLE,
            "with csums-alg, each resync compares checksums"),
    USE_RLE(NET, "use-rle", new Flag(false), "yes", SUPPORTED, ""),
    AFTER_SB_0PRI(NET, "after-sb-0pri",
            new Choice(withoutDiscardNode(), Optional.of(NetConfig.DISCARD_NODE_PREFIX)), "disconnect", SUPPORTED,
            ""),
    AFTER_SB_1PRI(NET, "after-sb-1pri", choice(AfterSplitBrainOnePrimary.values()), "disconnect", SUPPORTED, ""),
    AFTER_SB_2PRI(NET, "after-sb-2pri", choice(AfterSplitBrainTwoPrimaries.values()), "disconnect", SUPPORTED, ""),
    ALWAYS_ASBP(NET, "always-asbp", new Flag(false), "no", SUPPORTED,
            "discard-zero-changes decides nothing there: no set bits are no changes only since the generation that a bitmap counts from"),
    RR_CONFLICT(NET, "rr-conflict", choice(RoleResyncConflict.values()), "disconnect", SUPPORTED, ""),
    ALLOW_TWO_PRIMARIES(NET, "allow-two-primaries", new Flag(false), "no", REFUSED,
            "Duett has one Primary; remove it, or run this resource with DRBD in the kernel"),
    VERIFY_ALG(NET, "verify-alg", new Text(63), "", NOT_AVAILABLE,
            "there is no online verify yet; the name is told to the peer, which wants it alike"),
    ON_CONGESTION(NET, "on-congestion", choice("block", "pull-ahead", "disconnect"), "block", NOT_AVAILABLE,
            "a congested link slows the writer down; a kernel as peer needs `block`, too: one that goes Ahead is disconnected"),
    CONGESTION_FILL(NET, "congestion-fill", new Number(SECTORS, 0, 20971520, REFUSE), "0", IGNORED,
            "only with on-congestion other than block"),
    CONGESTION_EXTENTS(NET, "congestion-extents", new Number(COUNT, 67, 65534, REFUSE), "1237", IGNORED,
            "only with on-congestion other than block"),
    TCP_CORK(NET, "tcp-cork", new Flag(true), "yes", IGNORED, "packets that are ready together are sent together"),
    UNPLUG_WATERMARK(NET, "unplug-watermark", new Number(COUNT, 1, 131072, ACCEPT_LARGER), "128", NOT_AVAILABLE,
            "a tuning of the kernel's request queue"),
    SOCKET_CHECK_TIMEOUT(NET, "socket-check-timeout",
            new Number(TENTHS_OF_A_SECOND, 0, 300, ACCEPT_LARGER), "0", NOT_AVAILABLE,
            ""),
    DISCARD_MY_DATA(NET, "discard-my-data", new Flag(false), "no", REFUSED,
            "only on the command line: duett connect RESOURCE --discard-my-data"),
    ON_DISCONNECT(NET, "on-disconnect", choice("reconnect", "stand_alone", "freeze_io"), "reconnect", NOT_AVAILABLE,
            "DRBD 0.7; for freeze_io see fencing resource-and-stonith"),

    WFC_TIMEOUT(STARTUP, "wfc-timeout", new Number(SECONDS, 0, 300000, REFUSE), "0", SUPPORTED, "0 = without end"),
    DEGR_WFC_TIMEOUT(STARTUP, "degr-wfc-timeout", new Number(SECONDS, 0, 300000, REFUSE), "0", SUPPORTED,
            "0 = without end"),
    OUTDATED_WFC_TIMEOUT(STARTUP, "outdated-wfc-timeout", new Number(SECONDS, 0, 300000, REFUSE), "0", SUPPORTED,
            "0 = without end"),
    WAIT_AFTER_SB(STARTUP, "wait-after-sb", new Flag(false), "no", SUPPORTED, ""),
    STACKED_TIMEOUTS(STARTUP, "stacked-timeouts", new Mark(), null, IGNORED, "there are no stacked resources"),
    BECOME_PRIMARY_ON(STARTUP, "become-primary-on", new Hosts(), "", NOT_AVAILABLE,
            "promotion is by command or by the failover daemon"),

    PRI_ON_INCON_DEGR(HANDLERS, "pri-on-incon-degr", new Text(255), "", SUPPORTED,
            "DRBD 0.7: `incon-degr-cmd` directly in the resource"),
    PRI_LOST_AFTER_SB(HANDLERS, "pri-lost-after-sb", new Text(255), "", SUPPORTED, ""),
    PRI_LOST(HANDLERS, "pri-lost", new Text(255), "", SUPPORTED, ""),
    INITIAL_SPLIT_BRAIN(HANDLERS, "initial-split-brain", new Text(255), "", SUPPORTED, ""),
    SPLIT_BRAIN(HANDLERS, "split-brain", new Text(255), "", SUPPORTED, ""),
    FENCE_PEER(HANDLERS, "fence-peer", new Text(255), "", SUPPORTED, "also `outdate-peer`"),
    UNFENCE_PEER(HANDLERS, "unfence-peer", new Text(255), "", SUPPORTED, ""),
    LOCAL_IO_ERROR(HANDLERS, "local-io-error", new Text(255), "", SUPPORTED, ""),
    BEFORE_RESYNC_TARGET(HANDLERS, "before-resync-target", new Text(255), "", SUPPORTED, ""),
    AFTER_RESYNC_TARGET(HANDLERS, "after-resync-target", new Text(255), "", SUPPORTED, ""),
    BEFORE_RESYNC_SOURCE(HANDLERS, "before-resync-source", new Text(255), "", SUPPORTED, ""),
    OUT_OF_SYNC(HANDLERS, "out-of-sync", new Text(255), "", NOT_AVAILABLE,
            "called after online verify, which is not there yet"),

    NODE_NAME(DUETT, "node-name", new Text(255), "", SUPPORTED,
            "this node's name in `on` sections; without it the kernel's (`uname -n`)"),
    STATE_DIRECTORY(DUETT, "state-directory", new Directory(), "/var/lib/duett", SUPPORTED,
            "what must survive a restart of the machine"),
    RUN_DIRECTORY(DUETT, "run-directory", new Directory(), "/run/duett", SUPPORTED,
            "sockets, and what must not survive a restart of the machine"),

    CLUSTER(DUETT_RESOURCE, "cluster", new Flag(false), "no", SUPPORTED,
            "the resource is under the failover daemon, as a member of a group always is; needs protocol C"),
    NBD_TCP(DUETT_RESOURCE, "nbd-tcp", new Endpoint(), "", SUPPORTED,
            "serves NBD there as well as on the Unix socket; NBD has no authentication"),
    ON_READ_ERROR(DUETT_RESOURCE, "on-read-error", choice(OnReadError.values()), "repair", SUPPORTED, ""),
    DISCARD(DUETT_RESOURCE, "discard", choice(Discard.values()), "zero-range", SUPPORTED, "");

    private final OptionSection section;
    private final String spelling;
    private final OptionType type;
    private final String defaultSpelling;
    private final SupportStatus status;
    private final String note;

    ConfigOption(OptionSection section, String spelling, OptionType type, String defaultSpelling, SupportStatus status,
            String note) {
        this.section = section;
        this.spelling = spelling;
        this.type = type;
        this.defaultSpelling = defaultSpelling;
        this.status = status;
        this.note = note;
    }

    public OptionSection section() {
        return section;
    }

    public String spelling() {
        return spelling;
    }

    public OptionType type() {
        return type;
    }

    /** The value that holds when the option is not given, as a file would write it; none for a mark. */
    public Optional<String> defaultSpelling() {
        return Optional.ofNullable(defaultSpelling);
    }

    public SupportStatus status() {
        return status;
    }

    /** What a reader of the manual has to know beyond the status; may be empty. */
    public String note() {
        return note;
    }

    static List<ConfigOption> in(OptionSection section) {
        return List.of(values()).stream().filter(option -> option.section == section).toList();
    }

    private static Choice choice(String... spellings) {
        return new Choice(List.of(spellings), Optional.empty());
    }

    private static Choice choice(Spelled... values) {
        return new Choice(Spelled.spellings(values), Optional.empty());
    }

    /** None, written "", or one of the names. */
    private static Choice algorithm(List<String> names) {
        var spellings = new ArrayList<>(names);
        spellings.add("");
        return new Choice(List.copyOf(spellings), Optional.empty());
    }

    private static List<String> withoutDiscardNode() {
        var spellings = new ArrayList<>(Spelled.spellings(AfterSplitBrainNoPrimary.values()));
        spellings.remove(AfterSplitBrainNoPrimary.DISCARD_NODE.spelling());
        return List.copyOf(spellings);
    }
}
