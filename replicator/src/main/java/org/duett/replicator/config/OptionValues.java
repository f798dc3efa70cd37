package org.duett.replicator.config;

import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Turns the words after an option's name into its value, or says what is allowed there. */
final class OptionValues {
    private OptionValues() {
    }

    /** Reads the value of {@code option} from a statement; {@code negated} is the prefix no- of old files. */
    static OptionValue read(ConfigOption option, boolean negated, Statement statement, ConfigWarnings warnings)
            throws ConfigException {
        WordCursor words = statement.afterKeyword();
        OptionValue value = switch (option.type()) {
            case OptionType.Flag flag -> new OptionValue.Switch(flag(option, negated, words));
            case OptionType.Mark mark -> new OptionValue.Switch(true);
            case OptionType.Number number -> new OptionValue.Amount(number(option, number, words, warnings));
            case OptionType.Choice choice -> new OptionValue.Word(choice(option, choice, words, warnings));
            case OptionType.Text text -> new OptionValue.Word(text(option, text, words));
            case OptionType.Directory directory -> new OptionValue.Word(directory(option, words));
            case OptionType.Hosts hosts -> new OptionValue.Names(hosts(option, words));
            case OptionType.Endpoint endpoint -> new OptionValue.Endpoint(AddressReader.take(words));
        };
        words.expectSemicolon();
        return value;
    }

    /** The value that holds when no file gives one; none for what is then simply absent. */
    static Optional<OptionValue> defaultOf(ConfigOption option) {
        if (option.defaultSpelling().isEmpty()) {
            return Optional.empty();
        }
        String spelling = option.defaultSpelling().get();
        return switch (option.type()) {
            case OptionType.Flag flag -> Optional.of(new OptionValue.Switch(spelling.equals("yes")));
            case OptionType.Mark mark -> Optional.empty();
            case OptionType.Number number -> Optional.of(new OptionValue.Amount(Long.parseLong(spelling)));
            case OptionType.Choice choice -> Optional.of(new OptionValue.Word(spelling));
            case OptionType.Text text -> Optional.of(new OptionValue.Word(spelling));
            case OptionType.Directory directory -> Optional.of(new OptionValue.Word(spelling));
            case OptionType.Hosts hosts -> Optional.empty();
            case OptionType.Endpoint endpoint -> Optional.empty();
        };
    }

    private static boolean flag(ConfigOption option, boolean negated, WordCursor words) throws ConfigException {
        if (negated) {
            return false;
        }
        if (words.atEnd()) {
            return true;
        }
        Token word = words.takeWord(allowed(option));
        return switch (word.text()) {
            case "yes" -> true;
            case "no" -> false;
            default -> throw notAllowed(option, word);
        };
    }

    private static long number(ConfigOption option, OptionType.Number type, WordCursor words, ConfigWarnings warnings)
            throws ConfigException {
        Token word = words.takeWord(allowed(option));
        long number = type.unit().parse(word);
        if (number >= type.minimum() && number <= type.maximum()) {
            return number;
        }
        String found = "'" + option.spelling() + "' " + word.shown() + " is out of range";
        switch (type.outOfRange()) {
            case REFUSE ->
                throw new ConfigException(word.position(), found + hintOnSuffix(word, number), allowed(option));
            case CLAMP -> {
                long clamped = Math.clamp(number, type.minimum(), type.maximum());
                warnings.add(ConfigWarning.Kind.SUSPICIOUS, word.position(),
                        found + "; as in DRBD " + clamped + " is used");
                return clamped;
            }
            case ACCEPT_LARGER -> {
                if (number < type.minimum() || number > Integer.MAX_VALUE / 1000) {
                    throw new ConfigException(word.position(), found, allowed(option));
                }
                warnings.add(ConfigWarning.Kind.SUSPICIOUS, word.position(), found + " (" + allowed(option)
                        + "); as in DRBD it is used all the same");
                return number;
            }
        }
        throw new AssertionError(type.outOfRange());
    }

    private static String hintOnSuffix(Token word, long number) {
        return word.text().endsWith("s") ? " (the suffix s stands for sectors: it is " + number + ")" : "";
    }

    private static String choice(ConfigOption option, OptionType.Choice type, WordCursor words, ConfigWarnings warnings)
            throws ConfigException {
        Token word = words.takeWord(allowed(option));
        String text = word.text();
        if (option == ConfigOption.PROTOCOL) {
            text = text.toUpperCase(Locale.ROOT);
        }
        if (type.spellings().contains(text)) {
            return text;
        }
        if (type.hostPrefix().isPresent() && text.startsWith(type.hostPrefix().get())
                && text.length() > type.hostPrefix().get().length()) {
            return text;
        }
        if (option == ConfigOption.ON_IO_ERROR && text.equals("panic")) {
            warnings.add(ConfigWarning.Kind.LEGACY, word.position(),
                    "'panic' is a value of DRBD 0.7: taken for detach");
            return DiskConfig.OnIoError.DETACH.spelling();
        }
        throw notAllowed(option, word);
    }

    private static String text(ConfigOption option, OptionType.Text type, WordCursor words) throws ConfigException {
        Token word = words.takeWord(allowed(option));
        int length = word.text().getBytes(StandardCharsets.UTF_8).length;
        if (length > type.longestBytes()) {
            // The text itself is not shown: it may be the shared secret.
            throw new ConfigException(word.position(),
                    "the value of '" + option.spelling() + "' is " + length + " bytes long",
                    allowed(option));
        }
        return word.text();
    }

    private static String directory(ConfigOption option, WordCursor words) throws ConfigException {
        return absolutePath(words.takeWord(allowed(option)), "the absolute path of a directory").toString();
    }

    /** A path from the root: where the daemon was started must not matter. */
    static Path absolutePath(Token word, String allowed) throws ConfigException {
        try {
            Path path = Path.of(word.text());
            if (path.isAbsolute()) {
                return path;
            }
        } catch (InvalidPathException e) {
            throw new ConfigException(word.position(), word.shown() + " is not a path on this system", allowed);
        }
        throw new ConfigException(word.position(), word.shown() + " is not an absolute path", allowed);
    }

    private static List<String> hosts(ConfigOption option, WordCursor words) throws ConfigException {
        var names = new ArrayList<String>();
        do {
            names.add(words.takeWord(allowed(option)).text());
        } while (!words.atEnd());
        return List.copyOf(names);
    }

    private static ConfigException notAllowed(ConfigOption option, Token word) {
        return new ConfigException(word.position(), word.shown() + " is no value of '" + option.spelling() + "'",
                allowed(option));
    }

    static String allowed(ConfigOption option) {
        return option.type().described();
    }
}
