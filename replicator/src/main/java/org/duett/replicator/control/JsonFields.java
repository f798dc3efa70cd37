package org.duett.replicator.control;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** The fields of one flat JSON object. Each has to be fetched: one that nobody asks for is an error, so that no misspelling is lost. */
final class JsonFields {
    private static final JsonFactory FACTORY = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(1).maxNumberLength(20).maxNameLength(100)
                    .maxStringLength(Integer.MAX_VALUE).build())
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            // Names come from strangers: they are not kept for ever, and not in a table that they could fill.
            .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
            .build();

    private final Map<String, Object> fields = new LinkedHashMap<>();

    private JsonFields() {
    }

    /** {@code line} is one object and nothing else; its values are texts, whole numbers and truth values. */
    static JsonFields parse(byte[] line, int length) throws ControlFormatException {
        JsonFields parsed = new JsonFields();
        try (JsonParser parser = FACTORY.createParser(line, 0, length)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) throw new ControlFormatException("a line must be one JSON object");
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String name = parser.currentName();
                parsed.fields.put(name, value(name, parser.nextToken(), parser));
            }
            if (parser.nextToken() != null) throw new ControlFormatException("something follows the JSON object");
        } catch (IOException malformed) {
            throw new ControlFormatException("not a JSON object: " + firstLine(malformed), malformed);
        }
        return parsed;
    }

    private static Object value(String name, JsonToken token, JsonParser parser) throws IOException, ControlFormatException {
        return switch (token) {
            case VALUE_STRING -> parser.getText();
            case VALUE_TRUE -> Boolean.TRUE;
            case VALUE_FALSE -> Boolean.FALSE;
            case VALUE_NUMBER_INT -> parser.getLongValue();
            case null, default -> throw new ControlFormatException(
                    "field '" + name + "' is no text, whole number or truth value");
        };
    }

    private static String firstLine(IOException exception) {
        String message = String.valueOf(exception.getMessage());
        int end = message.indexOf('\n');
        return end < 0 ? message : message.substring(0, end);
    }

    String text(String name) throws ControlFormatException {
        return optionalText(name).orElseThrow(() -> new ControlFormatException("field '" + name + "' is missing"));
    }

    Optional<String> optionalText(String name) throws ControlFormatException {
        return Optional.ofNullable(take(name, String.class, "a text"));
    }

    boolean flag(String name) throws ControlFormatException {
        Boolean value = take(name, Boolean.class, "true or false");
        return value != null && value;
    }

    long number(String name, long otherwise, long minimum, long maximum) throws ControlFormatException {
        Long value = take(name, Long.class, "a whole number");
        if (value == null) return otherwise;
        if (value < minimum || value > maximum) {
            throw new ControlFormatException("field '" + name + "' must be a number from " + minimum + " to " + maximum);
        }
        return value;
    }

    OptionalInt optionalNumber(String name, int minimum, int maximum) throws ControlFormatException {
        if (!fields.containsKey(name)) return OptionalInt.empty();
        return OptionalInt.of((int) number(name, minimum, minimum, maximum));
    }

    void assertAllTaken() throws ControlFormatException {
        if (!fields.isEmpty()) throw new ControlFormatException("field '" + fields.keySet().iterator().next() + "' is unknown here");
    }

    private <T> T take(String name, Class<T> type, String described) throws ControlFormatException {
        Object value = fields.remove(name);
        if (value != null && !type.isInstance(value)) throw new ControlFormatException("field '" + name + "' must be " + described);
        return type.cast(value);
    }
}
