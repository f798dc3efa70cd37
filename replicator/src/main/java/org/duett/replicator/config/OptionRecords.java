package org.duett.replicator.config;

import static org.duett.replicator.config.ConfigOption.*;

import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;

/**
 * Makes the records that the rest of Duett reads out of effective options; numbers change to the units of the
 * records.
 */
final class OptionRecords {
    private OptionRecords() {
    }

    static DiskConfig disk(EffectiveOptions disk) {
        return new DiskConfig(disk.amount(SIZE), disk.choice(ON_IO_ERROR, DiskConfig.OnIoError.class),
                disk.choice(FENCING, DiskConfig.Fencing.class),
                new DiskConfig.Flushes(disk.isOn(DISK_FLUSHES), disk.isOn(MD_FLUSHES)),
                new DiskConfig.ActivityLog(disk.count(AL_EXTENTS), disk.isOn(AL_UPDATES)),
                new DiskConfig.Resync(disk.count(RESYNC_RATE), disk.millisFromTenths(C_PLAN_AHEAD),
                        disk.millisFromTenths(C_DELAY_TARGET), disk.count(C_FILL_TARGET), disk.count(C_MAX_RATE),
                        disk.count(C_MIN_RATE)),
                disk.millisFromTenths(DISK_TIMEOUT));
    }

    static NetConfig net(EffectiveOptions net) {
        return new NetConfig(net.choice(PROTOCOL, NetConfig.Protocol.class),
                new NetConfig.Timeouts(net.millisFromTenths(TIMEOUT), net.millisFromSeconds(CONNECT_INT),
                        net.millisFromSeconds(PING_INT), net.millisFromTenths(PING_TIMEOUT), net.count(KO_COUNT)),
                new NetConfig.Buffers(net.count(MAX_EPOCH_SIZE), net.count(MAX_BUFFERS), net.count(SNDBUF_SIZE),
                        net.count(RCVBUF_SIZE)),
                net.wordIfAny(CRAM_HMAC_ALG).map(hash -> new NetConfig.Authentication(hash, net.word(SHARED_SECRET))),
                new NetConfig.Digests(net.wordIfAny(DATA_INTEGRITY_ALG), net.wordIfAny(CSUMS_ALG), net.wordIfAny(VERIFY_ALG)),
                conflicts(net), net.isOn(USE_RLE));
    }

    private static NetConfig.ConflictPolicies conflicts(EffectiveOptions net) {
        Optional<String> nodeToDiscard = nodeToDiscard(net);
        return new NetConfig.ConflictPolicies(
                nodeToDiscard.isPresent()
                        ? NetConfig.AfterSplitBrainNoPrimary.DISCARD_NODE
                        : net.choice(AFTER_SB_0PRI, NetConfig.AfterSplitBrainNoPrimary.class),
                nodeToDiscard, net.choice(AFTER_SB_1PRI, NetConfig.AfterSplitBrainOnePrimary.class),
                net.choice(AFTER_SB_2PRI, NetConfig.AfterSplitBrainTwoPrimaries.class), net.isOn(ALWAYS_ASBP),
                net.choice(RR_CONFLICT, NetConfig.RoleResyncConflict.class));
    }

    /** The host that after-sb-0pri discard-node-HOST names. */
    static Optional<String> nodeToDiscard(EffectiveOptions net) {
        return Optional.of(net.word(AFTER_SB_0PRI)).filter(word -> word.startsWith(NetConfig.DISCARD_NODE_PREFIX))
                .map(word -> word.substring(NetConfig.DISCARD_NODE_PREFIX.length()));
    }

    static ResourceOptions options(EffectiveOptions options) {
        return new ResourceOptions(options.choice(ON_NO_DATA_ACCESSIBLE, ResourceOptions.OnNoDataAccessible.class));
    }

    static StartupConfig startup(EffectiveOptions startup) {
        return new StartupConfig(startup.count(WFC_TIMEOUT), startup.count(DEGR_WFC_TIMEOUT),
                startup.count(OUTDATED_WFC_TIMEOUT),
                startup.isOn(WAIT_AFTER_SB));
    }

    static Map<HandlerEvent, String> handlers(EffectiveOptions handlers) {
        var commands = new EnumMap<HandlerEvent, String>(HandlerEvent.class);
        for (HandlerEvent event : HandlerEvent.values()) {
            handlers.wordIfAny(ConfigOption.valueOf(event.name())).ifPresent(command -> commands.put(event, command));
        }
        return commands;
    }

    static DuettOptions duett(EffectiveOptions duett, boolean clusterControlled, Optional<String> group) {
        return new DuettOptions(clusterControlled, group, duett.endpoint(NBD_TCP),
                duett.choice(ON_READ_ERROR, DuettOptions.OnReadError.class),
                duett.choice(DISCARD, DuettOptions.Discard.class));
    }

    static NodeConfig node(EffectiveOptions duett) {
        return new NodeConfig(duett.wordIfAny(NODE_NAME), Path.of(duett.word(STATE_DIRECTORY)),
                Path.of(duett.word(RUN_DIRECTORY)));
    }
}
