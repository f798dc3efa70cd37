package org.duett.replicator.config;

/** Section options of a resource. */
public record ResourceOptions(OnNoDataAccessible onNoDataAccessible) {

    /** What a request gets when no UpToDate data can be reached. */
    public enum OnNoDataAccessible implements Spelled {
        IO_ERROR("io-error"),
        SUSPEND_IO("suspend-io");

        private final String spelling;

        OnNoDataAccessible(String spelling) {
            this.spelling = spelling;
        }

        @Override
        public String spelling() {
            return spelling;
        }
    }
}
