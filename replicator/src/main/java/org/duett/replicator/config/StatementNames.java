package org.duett.replicator.config;

import java.util.Arrays;
import java.util.List;

/** Finds the statement that a keyword begins, and does what its status demands. */
final class StatementNames {
    private StatementNames() {
    }

    /** What is not available is warned of; what is refused or unknown in {@code place} ends the reading. */
    static <S extends Enum<S> & ConfigStatement> S find(Class<S> statements, Token keyword, String place,
            ConfigWarnings warnings)
            throws ConfigException {
        for (S statement : statements.getEnumConstants()) {
            if (keyword.isKeyword(statement.spelling())) {
                judge(statement, keyword, supported(statements), warnings);
                return statement;
            }
        }
        throw OptionReader.unknown(keyword, place, supported(statements), "");
    }

    private static void judge(ConfigStatement statement, Token keyword, List<String> allowed, ConfigWarnings warnings)
            throws ConfigException {
        String name = "'" + statement.spelling() + "'";
        String why = statement.note().isEmpty() ? "" : " (" + statement.note() + ")";
        switch (statement.status()) {
            case SUPPORTED -> {
                // nothing to say
            }
            case IGNORED -> warnings.add(ConfigWarning.Kind.IGNORED, keyword.position(), name + ": ignored" + why);
            case NOT_AVAILABLE -> warnings.add(ConfigWarning.Kind.NOT_AVAILABLE, keyword.position(),
                    name + ": not available in Duett" + why);
            case REFUSED -> throw new ConfigException(keyword.position(), name + " is refused: " + statement.note(),
                    String.join(", ", allowed));
        }
    }

    private static <S extends Enum<S> & ConfigStatement> List<String> supported(Class<S> statements) {
        return Arrays.stream(statements.getEnumConstants())
                .filter(statement -> statement.status() == SupportStatus.SUPPORTED)
                .map(ConfigStatement::spelling).toList();
    }
}
