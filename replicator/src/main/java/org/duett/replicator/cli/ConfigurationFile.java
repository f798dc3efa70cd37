package org.duett.replicator.cli;

import java.nio.file.Path;
import org.duett.replicator.config.ConfigReader;

/** Which configuration is meant when no option says so. Two daemons on one machine have one each. */
public final class ConfigurationFile {
    static final String VARIABLE = "DUETT_CONF";

    private ConfigurationFile() {
    }

    public static Path chosen() {
        String named = System.getenv(VARIABLE);
        return named == null || named.isBlank() ? ConfigReader.defaultFile() : Path.of(named);
    }
}
