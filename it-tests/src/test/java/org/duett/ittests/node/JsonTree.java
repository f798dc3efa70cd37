package org.duett.ittests.node;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A JSON object as a whole: enough to read a status. An absent field is an error, as the schema promises every field. */
record JsonTree(Map<String, Object> fields) {

    private static final JsonFactory FACTORY = new JsonFactory();

    static JsonTree parse(String text) throws IOException {
        try (JsonParser parser = FACTORY.createParser(text)) {
            parser.nextToken();
            return (JsonTree) value(parser);
        }
    }

    private static Object value(JsonParser parser) throws IOException {
        JsonToken token = parser.currentToken();
        return switch (token) {
            case START_OBJECT -> {
                Map<String, Object> fields = new LinkedHashMap<>();
                while (parser.nextToken() != JsonToken.END_OBJECT) {
                    String name = parser.currentName();
                    parser.nextToken();
                    fields.put(name, value(parser));
                }
                yield new JsonTree(fields);
            }
            case START_ARRAY -> {
                List<Object> elements = new ArrayList<>();
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    elements.add(value(parser));
                }
                yield elements;
            }
            case VALUE_STRING -> parser.getText();
            case VALUE_NUMBER_INT -> parser.getLongValue();
            case VALUE_NUMBER_FLOAT -> parser.getDoubleValue();
            case VALUE_TRUE -> true;
            case VALUE_FALSE -> false;
            case VALUE_NULL -> null;
            case END_OBJECT, END_ARRAY, FIELD_NAME, NOT_AVAILABLE, VALUE_EMBEDDED_OBJECT ->
                throw new IOException("unexpected " + token);
        };
    }

    private Object field(String name) {
        if (!fields.containsKey(name)) {
            throw new IllegalStateException("the status has no field " + name + ", but " + fields.keySet());
        }
        return fields.get(name);
    }

    boolean has(String name) {
        return field(name) != null;
    }

    String text(String name) {
        return (String) field(name);
    }

    long number(String name) {
        return (Long) field(name);
    }

    boolean truth(String name) {
        return (Boolean) field(name);
    }

    JsonTree tree(String name) {
        return (JsonTree) field(name);
    }

    List<JsonTree> list(String name) {
        return ((List<?>) field(name)).stream().map(JsonTree.class::cast).toList();
    }

    List<String> texts(String name) {
        return ((List<?>) field(name)).stream().map(String.class::cast).toList();
    }

    /** All fields of an object of whole numbers. */
    Map<String, Long> numbers() {
        Map<String, Long> numbers = new LinkedHashMap<>();
        fields.forEach((name, value) -> numbers.put(name, (Long) value));
        return numbers;
    }
}
