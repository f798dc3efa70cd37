package org.duett.replicator.config;

import java.util.List;
import java.util.Optional;

/** Reads the statements outside of any section, and Duett's own section. */
final class FileReader {
    private static final String RESOURCE = "resource";

    private final ConfigWarnings warnings;
    private final OptionReader options;
    private final ResourceReader resources;
    private final FileDraft draft = new FileDraft();

    FileReader(ConfigWarnings warnings) {
        this.warnings = warnings;
        this.options = new OptionReader(warnings);
        this.resources = new ResourceReader(options, warnings);
    }

    FileDraft read(List<Statement> statements) throws ConfigException {
        for (Statement statement : statements) {
            read(statement);
        }
        return draft;
    }

    private void read(Statement statement) throws ConfigException {
        switch (StatementNames.find(ConfigStatement.TopLevel.class, statement.keyword(), "a file outside of sections",
                warnings)) {
            case GLOBAL -> readGlobal(statement);
            case COMMON -> {
                if (draft.common.isPresent()) {
                    throw VolumeReader.twice(statement, "section common", draft.common.get().position);
                }
                draft.common = Optional.of(resources.readCommon(statement));
            }
            case RESOURCE -> draft.resources.add(resources.readResource(statement));
            case DUETT -> readDuett(statement);
            case CLUSTER -> {
                if (draft.cluster.isPresent()) {
                    throw VolumeReader.twice(statement, "section cluster", draft.cluster.get().position());
                }
                statement.afterKeyword().expectSection();
                draft.cluster = Optional.of(statement);
            }
            case REQUIRE_EQ, REQUIRE_NE, REQUIRE_GT, REQUIRE_GE, REQUIRE_LT, REQUIRE_LE -> {
                WordCursor words = statement.afterKeyword();
                words.takeWord("a version, as in 9.0.16");
                words.expectSemicolon();
            }
            case INCLUDE, SKIP -> throw new AssertionError(statement + " was dealt with when the files were read");
        }
    }

    private void readGlobal(Statement statement) throws ConfigException {
        if (draft.global.isPresent()) {
            throw VolumeReader.twice(statement, "section global", draft.global.get());
        }
        draft.global = Optional.of(statement.position());
        options.readSection(statement.afterKeyword().expectSection(), OptionSection.GLOBAL,
                new OptionList(OptionSection.GLOBAL, OptionList.Counting.LAST));
    }

    private void readDuett(Statement statement) throws ConfigException {
        for (Statement inner : statement.afterKeyword().expectSection()) {
            if (inner.keyword().isKeyword(RESOURCE)) {
                readAdditions(inner);
            } else {
                options.readSection(List.of(inner), OptionSection.DUETT, draft.duett);
            }
        }
    }

    private void readAdditions(Statement statement) throws ConfigException {
        WordCursor words = statement.afterKeyword();
        Token name = words.takeWord("the name of a resource");
        List<Statement> section = words.expectSection();
        var additions = draft.additions.computeIfAbsent(name.text(),
                key -> new FileDraft.Additions(new OptionList(OptionSection.DUETT_RESOURCE, OptionList.Counting.LAST),
                        name.position()));
        options.readSection(section, OptionSection.DUETT_RESOURCE, additions.options());
    }
}
