package org.duett.replicator.config;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** Which words name which option in which section, with the spellings of older versions (spec config 5). */
final class OptionNames {
    /** An option as a file names it; {@code negated} by the old prefix no-. */
    record OptionName(ConfigOption option, boolean negated) {
    }

    /** Section syncer of DRBD 8.3: its options have moved to disk, net and options. */
    private static final List<ConfigOption> IN_SYNCER = List.of(ConfigOption.RESYNC_RATE, ConfigOption.RESYNC_AFTER,
            ConfigOption.AL_EXTENTS, ConfigOption.VERIFY_ALG, ConfigOption.CSUMS_ALG, ConfigOption.USE_RLE,
            ConfigOption.C_PLAN_AHEAD, ConfigOption.C_DELAY_TARGET, ConfigOption.C_FILL_TARGET, ConfigOption.C_MAX_RATE,
            ConfigOption.C_MIN_RATE, ConfigOption.CPU_MASK, ConfigOption.ON_NO_DATA_ACCESSIBLE);

    /** Options that DRBD accepts and ignores since long, or that only version 0.7 had. */
    private static final Set<String> WITHOUT_EFFECT = Set.of("delay-probe-volume", "delay-probe-interval",
            "throttle-threshold",
            "hold-off-threshold");
    private static final Set<String> WITHOUT_EFFECT_IN_SYNCER = Set.of("group", "skip-sync", "use-csums");

    /** Options that only DRBD 9 has (spec config 3.2). */
    private static final Map<OptionSection, Set<String>> OF_DRBD_9 = Map.of(OptionSection.OPTIONS,
            Set.of("auto-promote", "auto-promote-timeout", "quorum", "quorum-minimum-redundancy", "on-no-quorum",
                    "on-suspended-primary-outdated", "max-io-depth", "peer-ack-window", "peer-ack-delay",
                    "twopc-timeout",
                    "twopc-retry-timeout", "drbd8-api-compatibility-mode"),
            OptionSection.NET,
            Set.of("transport", "tls", "tls-keyring", "tls-privkey", "tls-certificate", "allow-remote-read",
                    "load-balance-paths", "rdma-ctrl-rcvbuf-size", "rdma-ctrl-sndbuf-size"),
            OptionSection.DISK, Set.of("discard-granularity", "block-size", "d-bitmap", "bitmap"));

    private static final Map<OptionSection, Map<String, OptionName>> NAMES = names();
    private static final Map<String, OptionName> SYNCER_NAMES = syncerNames();

    private OptionNames() {
    }

    static Optional<OptionName> find(OptionSection section, String word) {
        return Optional.ofNullable(NAMES.get(section).get(word));
    }

    static Optional<OptionName> findInSyncer(String word) {
        return Optional.ofNullable(SYNCER_NAMES.get(word));
    }

    static boolean hasNoEffect(OptionSection section, String word) {
        return WITHOUT_EFFECT.contains(word) && switch (section) {
            case DISK, NET, OPTIONS, STARTUP, HANDLERS -> true;
            case GLOBAL, DUETT, DUETT_RESOURCE -> false;
        };
    }

    static boolean hasNoEffectInSyncer(String word) {
        return WITHOUT_EFFECT.contains(word) || WITHOUT_EFFECT_IN_SYNCER.contains(word);
    }

    static boolean isOfDrbd9(OptionSection section, String word) {
        return OF_DRBD_9.getOrDefault(section, Set.of()).contains(word);
    }

    /** The options of DRBD 9 in a section, in order, for the manual. */
    static List<String> ofDrbd9(OptionSection section) {
        return List.copyOf(new TreeSet<>(OF_DRBD_9.getOrDefault(section, Set.of())));
    }

    static List<String> spellings(OptionSection section) {
        return ConfigOption.in(section).stream().map(ConfigOption::spelling).toList();
    }

    static List<String> syncerSpellings() {
        return List.copyOf(SYNCER_NAMES.keySet());
    }

    /** Says where an option stands that has been looked for in the wrong section; empty when no section knows it. */
    static Optional<OptionSection> otherSectionOf(String word) {
        for (OptionSection section : OptionSection.values()) {
            if (NAMES.get(section).containsKey(word)) {
                return Optional.of(section);
            }
        }
        return Optional.empty();
    }

    private static Map<OptionSection, Map<String, OptionName>> names() {
        var names = new EnumMap<OptionSection, Map<String, OptionName>>(OptionSection.class);
        for (OptionSection section : OptionSection.values()) {
            var ofSection = new TreeMap<String, OptionName>();
            for (ConfigOption option : ConfigOption.in(section)) {
                for (String spelling : spellings(option)) {
                    ofSection.put(spelling, new OptionName(option, false));
                }
                if (option.type() instanceof OptionType.Flag flag && flag.oldNoSpelling()) {
                    ofSection.put("no-" + option.spelling(), new OptionName(option, true));
                }
            }
            names.put(section, ofSection);
        }
        return names;
    }

    private static Map<String, OptionName> syncerNames() {
        var names = new TreeMap<String, OptionName>();
        for (ConfigOption option : IN_SYNCER) {
            // The syncer knew the short names only; the tools of 8.4 take the long ones nowhere else.
            List<String> spellings = spellings(option);
            names.put(spellings.getLast(), new OptionName(option, false));
        }
        return names;
    }

    /** The name of today and, last, the older one if there is one. */
    private static List<String> spellings(ConfigOption option) {
        var spellings = new ArrayList<String>();
        spellings.add(option.spelling());
        switch (option) {
            case RESYNC_RATE -> spellings.add("rate");
            case RESYNC_AFTER -> spellings.add("after");
            case FENCE_PEER -> spellings.add("outdate-peer");
            default -> {
                // one name only
            }
        }
        return spellings;
    }
}
