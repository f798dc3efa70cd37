package org.duett.replicator.config;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One section's options after inheritance: of several layers, the first that gives an option decides (spec config
 * 3.1).
 */
final class EffectiveOptions {
    private final Map<ConfigOption, OptionSetting> settings = new EnumMap<>(ConfigOption.class);

    EffectiveOptions(OptionSection section, List<OptionList> layersByWeight) {
        for (ConfigOption option : ConfigOption.in(section)) {
            for (OptionList layer : layersByWeight) {
                layer.find(option).ifPresent(setting -> settings.putIfAbsent(option, setting));
            }
        }
    }

    /** Where the option is set; empty when its default holds. */
    Optional<SourcePosition> position(ConfigOption option) {
        return Optional.ofNullable(settings.get(option)).map(OptionSetting::position);
    }

    boolean isOn(ConfigOption option) {
        return value(option).map(value -> ((OptionValue.Switch) value).on()).orElse(false);
    }

    long amount(ConfigOption option) {
        return ((OptionValue.Amount) value(option).orElseThrow()).amount();
    }

    int count(ConfigOption option) {
        return Math.toIntExact(amount(option));
    }

    int millisFromTenths(ConfigOption option) {
        return Math.toIntExact(amount(option) * 100);
    }

    int millisFromSeconds(ConfigOption option) {
        return Math.toIntExact(amount(option) * 1000);
    }

    String word(ConfigOption option) {
        return ((OptionValue.Word) value(option).orElseThrow()).word();
    }

    /** The text of an option that is off when empty. */
    Optional<String> wordIfAny(ConfigOption option) {
        return Optional.of(word(option)).filter(word -> !word.isEmpty());
    }

    List<String> names(ConfigOption option) {
        return value(option).map(value -> ((OptionValue.Names) value).names()).orElse(List.of());
    }

    Optional<NodeAddress> endpoint(ConfigOption option) {
        return value(option).map(value -> ((OptionValue.Endpoint) value).address());
    }

    <E extends Enum<E> & Spelled> E choice(ConfigOption option, Class<E> choices) {
        String word = word(option);
        for (E choice : choices.getEnumConstants()) {
            if (choice.spelling().equals(word)) {
                return choice;
            }
        }
        throw new AssertionError(option + " was read with a value that " + choices + " lacks: " + word);
    }

    private Optional<OptionValue> value(ConfigOption option) {
        OptionSetting setting = settings.get(option);
        return setting == null ? OptionValues.defaultOf(option) : Optional.of(setting.value());
    }
}
