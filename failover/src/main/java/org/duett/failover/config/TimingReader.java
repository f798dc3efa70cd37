package org.duett.failover.config;

import java.util.List;
import org.duett.replicator.config.ConfigException;

/** Reads the times of failure detection, and refuses those that cannot work with the arithmetic why. */
final class TimingReader {
    static final List<String> KEYWORDS = List.of("profile", "keepalive", "warntime", "deadtime", "initdead", "read-margin", "proof-timeout");

    private static final int ONE_HOUR_MILLIS = 3_600_000;
    /** Timers of both nodes, the difference of their clocks' rates, and the way from the last comparison to the wire. */
    private static final int SMALLEST_MARGIN_MILLIS = 20;
    private static final int LEAST_KEEPALIVES_TO_DEATH = 3;
    /** A heartbeat waits up to one keepalive to be echoed, and the echo itself is renewed once in a keepalive. */
    private static final int KEEPALIVES_OF_AN_ECHO = 2;

    enum Profile {
        FAST(Timing.FAST), DEFAULT(Timing.DEFAULT), SLOW(Timing.SLOW);

        private final Timing timing;

        Profile(Timing timing) {
            this.timing = timing;
        }
    }

    private final SectionStatements section;

    TimingReader(SectionStatements section) {
        this.section = section;
    }

    /** What is not written follows from the deadtime, and the rest from the profile. */
    Timing read() throws ConfigException {
        Timing profile = section.choice("profile", Profile.DEFAULT).timing;
        int keepalive = section.millis("keepalive", profile.keepaliveMillis(), 10, 60_000);
        int deadtime = section.millis("deadtime", profile.deadtimeMillis(), 100, ONE_HOUR_MILLIS);
        Timing timing = new Timing(keepalive, section.millis("warntime", deadtime / 2, 10, ONE_HOUR_MILLIS), deadtime,
                section.millis("initdead", Math.max(profile.initdeadMillis(), deadtime), 0, ONE_HOUR_MILLIS),
                section.millis("read-margin", Math.max(SMALLEST_MARGIN_MILLIS, deadtime / 10), 0, ONE_HOUR_MILLIS),
                section.millis("proof-timeout", Math.max(500, deadtime / 2), 100, ONE_HOUR_MILLIS));
        checkDetection(timing);
        checkStepDown(timing);
        return timing;
    }

    private void checkDetection(Timing timing) throws ConfigException {
        int keepalive = timing.keepaliveMillis();
        int deadtime = timing.deadtimeMillis();
        int leastDeadtime = LEAST_KEEPALIVES_TO_DEATH * keepalive;
        if (deadtime < leastDeadtime) {
            throw cannotWork("deadtime", "deadtime " + shown(deadtime) + " is shorter than 3 x keepalive = 3 x " + shown(keepalive) + " = "
                    + shown(leastDeadtime) + ": two lost heartbeats would kill a peer that lives",
                    "a deadtime of at least " + shown(leastDeadtime) + ", or a keepalive of at most " + shown(deadtime / LEAST_KEEPALIVES_TO_DEATH));
        }
        if (timing.warntimeMillis() >= deadtime) {
            throw cannotWork("warntime", "warntime " + shown(timing.warntimeMillis()) + " is not shorter than deadtime " + shown(deadtime)
                    + ": the warning would come after the death", "a warntime above " + shown(keepalive) + " and below " + shown(deadtime));
        }
        if (timing.warntimeMillis() <= keepalive) {
            throw cannotWork("warntime", "warntime " + shown(timing.warntimeMillis()) + " is not longer than keepalive " + shown(keepalive)
                    + ": each heartbeat would come with a warning", "a warntime above " + shown(keepalive) + " and below " + shown(deadtime));
        }
        if (timing.initdeadMillis() < deadtime) {
            throw cannotWork("initdead", "initdead " + shown(timing.initdeadMillis()) + " is shorter than deadtime " + shown(deadtime)
                    + ": a peer that starts at the same time would be dead before it can speak", "an initdead of at least " + shown(deadtime));
        }
    }

    /** Rule 9: this node stops by itself before its peer may act. */
    private void checkStepDown(Timing timing) throws ConfigException {
        int deadtime = timing.deadtimeMillis();
        int margin = timing.readMarginMillis();
        int alone = deadtime - margin;
        if (margin < SMALLEST_MARGIN_MILLIS) {
            throw cannotWork("read-margin", "a node stops to answer by itself deadtime - read-margin = " + shown(deadtime) + " - " + shown(margin)
                    + " = " + shown(alone) + " after it sent the last heartbeat that was echoed, and its peer may act " + shown(deadtime)
                    + " after it heard that heartbeat: " + shown(margin) + " between the two are too little to be safe",
                    "a read-margin of at least " + shown(SMALLEST_MARGIN_MILLIS));
        }
        int echo = KEEPALIVES_OF_AN_ECHO * timing.keepaliveMillis();
        if (alone < echo) {
            throw cannotWork("read-margin", "deadtime - read-margin = " + shown(deadtime) + " - " + shown(margin) + " = " + shown(alone)
                    + " is shorter than the 2 x keepalive = " + shown(echo) + " that an echo takes: reads would wait although all is well",
                    "a read-margin of at most " + shown(Math.max(0, deadtime - echo)) + ", a longer deadtime or a shorter keepalive");
        }
    }

    private ConfigException cannotWork(String keyword, String found, String allowed) {
        return new ConfigException(section.positionOf(keyword), found, allowed);
    }

    private static String shown(int millis) {
        return Durations.shown(millis);
    }
}
