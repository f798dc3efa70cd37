package org.duett.replicator.state;

/** What the configuration says that state changes are judged by: options of the resource, the same for all its volumes. */
public record StatePolicies(boolean twoPrimariesAllowed, Fencing fencing, OnNoData onNoData,
        boolean verifyAlgorithmConfigured) {

    /** The option {@code fencing}; the strictest one among the volumes counts (spec states 6.1). */
    public enum Fencing {
        DONT_CARE("dont-care"),
        RESOURCE_ONLY("resource-only"),
        RESOURCE_AND_STONITH("resource-and-stonith");

        private final String configName;

        Fencing(String configName) {
            this.configName = configName;
        }

        public String configName() {
            return configName;
        }
    }

    /** The option {@code on-no-data-accessible}. */
    public enum OnNoData {
        IO_ERROR("io-error"),
        SUSPEND_IO("suspend-io");

        private final String configName;

        OnNoData(String configName) {
            this.configName = configName;
        }

        public String configName() {
            return configName;
        }
    }

    /** What DRBD does when nothing is configured. */
    public static final StatePolicies DEFAULT = new StatePolicies(false, Fencing.DONT_CARE, OnNoData.IO_ERROR, false);

    public StatePolicies withTwoPrimariesAllowed(boolean allowed) {
        return new StatePolicies(allowed, fencing, onNoData, verifyAlgorithmConfigured);
    }

    public StatePolicies withFencing(Fencing newFencing) {
        return new StatePolicies(twoPrimariesAllowed, newFencing, onNoData, verifyAlgorithmConfigured);
    }

    public StatePolicies withOnNoData(OnNoData newOnNoData) {
        return new StatePolicies(twoPrimariesAllowed, fencing, newOnNoData, verifyAlgorithmConfigured);
    }

    public StatePolicies withVerifyAlgorithmConfigured(boolean configured) {
        return new StatePolicies(twoPrimariesAllowed, fencing, onNoData, configured);
    }
}
