package org.duett.replicator.control;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A value of a JSON text. A path to what is not there leads to an absent value, so that one test at its end is enough. */
public final class JsonTree {

    private static final JsonTree ABSENT = new JsonTree(null);

    /** A Map, a List, a String, a Double, a Boolean, or null. */
    private final Object value;

    private JsonTree(Object value) {
        this.value = value;
    }

    /** Reads one value; what follows it is of no interest. */
    public static JsonTree parse(String json) {
        try (JsonParser parser = new JsonFactory().createParser(json)) {
            parser.nextToken();
            return new JsonTree(value(parser));
        } catch (IOException e) {
            throw new IllegalArgumentException("no JSON: " + e.getMessage(), e);
        }
    }

    private static Object value(JsonParser parser) throws IOException {
        JsonToken token = parser.currentToken();
        if (token == null)
            return null;
        return switch (token) {
            case START_OBJECT -> object(parser);
            case START_ARRAY -> array(parser);
            case VALUE_STRING -> parser.getText();
            case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> parser.getDoubleValue();
            case VALUE_TRUE -> true;
            case VALUE_FALSE -> false;
            default -> null;
        };
    }

    private static Map<String, Object> object(JsonParser parser) throws IOException {
        Map<String, Object> fields = new LinkedHashMap<>();
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = parser.currentName();
            parser.nextToken();
            fields.put(name, value(parser));
        }
        return fields;
    }

    private static List<Object> array(JsonParser parser) throws IOException {
        List<Object> elements = new ArrayList<>();
        for (JsonToken token = parser.nextToken(); token != null
                && token != JsonToken.END_ARRAY; token = parser.nextToken()) {
            elements.add(value(parser));
        }
        return elements;
    }

    /** A field of an object, after another of that one's. */
    public JsonTree at(String... names) {
        JsonTree tree = this;
        for (String name : names) {
            tree = tree.value instanceof Map<?, ?> fields && fields.get(name) != null
                    ? new JsonTree(fields.get(name))
                    : ABSENT;
        }
        return tree;
    }

    public JsonTree element(int index) {
        return value instanceof List<?> elements && index < elements.size()
                ? new JsonTree(elements.get(index))
                : ABSENT;
    }

    /** Is there a value, and is it not null? */
    public boolean isPresent() {
        return value != null;
    }

    /** 0 where there is no number. */
    public double number() {
        return value instanceof Double number ? number : 0;
    }

    public long wholeNumber() {
        return (long) number();
    }

    public boolean isTrue() {
        return Boolean.TRUE.equals(value);
    }

    /** Empty where there is no text. */
    public String text() {
        return optionalText().orElse("");
    }

    public Optional<String> optionalText() {
        return value instanceof String text ? Optional.of(text) : Optional.empty();
    }
}
