package org.duett.bench.report;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Locale;

/** The figures of one run of the benchmarks, as JSON for programs and as a Markdown table for people. */
public record BenchReport(Machine machine, String command, String takenAt, List<Figure> figures) {

    private static final int SCHEMA_VERSION = 1;

    public BenchReport {
        figures = List.copyOf(figures);
    }

    public boolean allTargetsMet() {
        return figures.stream().allMatch(Figure::isMet);
    }

    public String markdown() {
        var text = new StringBuilder();
        text.append("| scenario | figure | value | target | |\n|---|---|---:|---|---|\n");
        for (Figure figure : figures)
            text.append(row(figure)).append('\n');
        text.append('\n').append("Machine: ").append(machine.processor()).append(", ").append(machine.cores())
                .append(" cores, ")
                .append(String.format(Locale.ROOT, "%.0f GiB", machine.memoryBytes() / 1073741824.0)).append(", ")
                .append(machine.kernel()).append(", ").append(machine.jvm()).append(".\n");
        text.append("Commit ").append(machine.commit()).append(", ").append(takenAt).append(", command: `")
                .append(command)
                .append("`\n");
        return text.toString();
    }

    private static String row(Figure figure) {
        String verdict = figure.target().isEmpty() ? "" : figure.isMet() ? "met" : "**missed**";
        return "| " + figure.scenario() + " | " + figure.what()
                + (figure.note().isEmpty() ? "" : " (" + figure.note() + ")") + " | "
                + Figure.number(figure.value()) + " " + figure.unit() + " | "
                + figure.target().map(Figure.Target::toString).orElse("") + " | " + verdict + " |";
    }

    public String json() {
        var text = new StringWriter();
        try (JsonGenerator json = new JsonFactory().createGenerator(text)) {
            json.setPrettyPrinter(new DefaultPrettyPrinter());
            json.writeStartObject();
            json.writeNumberField("schemaVersion", SCHEMA_VERSION);
            json.writeStringField("takenAt", takenAt);
            json.writeStringField("command", command);
            write(machine, json);
            json.writeArrayFieldStart("figures");
            for (Figure figure : figures)
                write(figure, json);
            json.writeEndArray();
            json.writeEndObject();
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
        return text.append('\n').toString();
    }

    private static void write(Machine machine, JsonGenerator json) throws IOException {
        json.writeObjectFieldStart("machine");
        json.writeStringField("processor", machine.processor());
        json.writeNumberField("cores", machine.cores());
        json.writeNumberField("memoryBytes", machine.memoryBytes());
        json.writeStringField("kernel", machine.kernel());
        json.writeStringField("jvm", machine.jvm());
        json.writeStringField("commit", machine.commit());
        json.writeEndObject();
    }

    private static void write(Figure figure, JsonGenerator json) throws IOException {
        json.writeStartObject();
        json.writeStringField("scenario", figure.scenario());
        json.writeStringField("figure", figure.what());
        json.writeNumberField("value", figure.value());
        json.writeStringField("unit", figure.unit());
        json.writeStringField("note", figure.note());
        if (figure.target().isPresent()) {
            json.writeStringField("target", figure.target().get().toString());
            json.writeBooleanField("met", figure.isMet());
        }
        json.writeEndObject();
    }
}
