package org.duett.replicator.config;

import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads what describes volumes: section volume, and device, disk and meta-disk in it or outside of it. */
final class VolumeReader {
    private static final int HIGHEST_VOLUME = 65535;
    private static final int HIGHEST_MINOR = (1 << 20) - 1;
    private static final String DEVICE_RULE = "/dev/drbdN, minor N, or both; /dev/drbd_TEXT with minor N";
    private static final String DISK_RULE = "the absolute path of a file or block device";
    private static final String META_DISK_RULE = "internal, an absolute path, or an absolute path with an index: /dev/sdx [0]";
    private static final Pattern NUMBERED_DEVICE = Pattern.compile("/dev/drbd(\\d{1,7})");
    private static final Pattern DEVICE_OF_DRBD_0_7 = Pattern.compile("/dev/drbd/(\\d{1,7})");
    private static final Pattern NAMED_DEVICE = Pattern.compile("/dev/drbd_.+");

    private final OptionReader options;
    private final ConfigWarnings warnings;

    VolumeReader(OptionReader options, ConfigWarnings warnings) {
        this.options = options;
        this.warnings = warnings;
    }

    /** Reads a section volume; the same number twice in one place is an error. */
    void readVolume(Statement statement, VolumeDrafts volumes) throws ConfigException {
        WordCursor words = statement.afterKeyword();
        int number = number(words, "volume", HIGHEST_VOLUME);
        List<Statement> section = words.expectSection();
        VolumeDraft volume = volumes.addSection(number, statement);
        for (Statement inner : section) {
            switch (StatementNames.find(ConfigStatement.InVolume.class, inner.keyword(), "section volume", warnings)) {
                case DEVICE -> readDevice(inner, volume);
                case DISK -> readDisk(inner, volume);
                case META_DISK -> readMetaDisk(inner, volume);
                case FLEXIBLE_META_DISK -> readFlexibleMetaDisk(inner, volume);
            }
        }
    }

    void readDevice(Statement statement, VolumeDraft volume) throws ConfigException {
        WordCursor words = statement.afterKeyword();
        Optional<Token> name = words.nextIsKeyword("minor")
                ? Optional.empty()
                : Optional.of(words.takeWord(DEVICE_RULE));
        Optional<Integer> minor = Optional.empty();
        if (words.nextIsKeyword("minor")) {
            words.take();
            minor = Optional.of(number(words, "minor", HIGHEST_MINOR));
        }
        words.expectSemicolon();
        if (volume.device.isPresent()) {
            throw twice(statement, "device", volume.device.get().position());
        }
        volume.device = Optional.of(name.isPresent()
                ? namedDevice(name.get(), minor)
                : new VolumeDraft.Device("/dev/drbd" + minor.orElseThrow(), minor.get(), statement.position()));
    }

    private VolumeDraft.Device namedDevice(Token token, Optional<Integer> minor) throws ConfigException {
        String name = token.text().startsWith("drbd") ? "/dev/" + token.text() : token.text();
        Matcher ofDrbd07 = DEVICE_OF_DRBD_0_7.matcher(name);
        if (ofDrbd07.matches()) {
            name = "/dev/drbd" + ofDrbd07.group(1);
            warnings.add(ConfigWarning.Kind.LEGACY, token.position(),
                    token.shown() + " is a name of DRBD 0.7: taken for " + name);
        }
        Matcher numbered = NUMBERED_DEVICE.matcher(name);
        if (numbered.matches()) {
            int minorOfName = Integer.parseInt(numbered.group(1));
            if (minorOfName > HIGHEST_MINOR || minor.isPresent() && minor.get() != minorOfName) {
                throw new ConfigException(token.position(),
                        minor.isPresent()
                                ? token.shown() + " does not go with minor " + minor.get()
                                : token.shown() + ": the minor is out of range",
                        DEVICE_RULE + "; N from 0 to " + HIGHEST_MINOR);
            }
            return new VolumeDraft.Device(name, minorOfName, token.position());
        }
        if (NAMED_DEVICE.matcher(name).matches() && minor.isPresent()) {
            return new VolumeDraft.Device(name, minor.get(), token.position());
        }
        throw new ConfigException(token.position(), token.shown() + " names no DRBD device with a minor number",
                DEVICE_RULE);
    }

    void readDisk(Statement statement, VolumeDraft volume) throws ConfigException {
        WordCursor words = statement.afterKeyword();
        if (words.atEnd() && statement.section().isPresent()) {
            if (volume.diskSection.isPresent()) {
                throw twice(statement, "section disk", volume.diskSection.get());
            }
            volume.diskSection = Optional.of(statement.position());
            options.readSection(statement.requiredSection(), OptionSection.DISK, volume.diskOptions);
            return;
        }
        Token path = words.takeWord(DISK_RULE + ", or a section of options");
        words.expectSemicolon();
        if (volume.disk.isPresent()) {
            throw twice(statement, "disk", volume.disk.get().position());
        }
        volume.disk = Optional.of(new VolumeDraft.Disk(OptionValues.absolutePath(path, DISK_RULE), path.position()));
    }

    void readMetaDisk(Statement statement, VolumeDraft volume) throws ConfigException {
        WordCursor words = statement.afterKeyword();
        Token place = words.takeWord(META_DISK_RULE);
        MetaDisk metaDisk;
        if (words.nextIs(Token.Kind.OPEN_BRACKET) && !place.text().equals("internal")) {
            words.take();
            int index = number(words, "the index", Integer.MAX_VALUE);
            words.takePunctuation(Token.Kind.CLOSE_BRACKET, "']' after the index");
            metaDisk = new MetaDisk.Indexed(OptionValues.absolutePath(place, META_DISK_RULE), index);
        } else {
            metaDisk = internalOrFlexible(place);
        }
        words.expectSemicolon();
        set(volume, metaDisk, statement, place);
    }

    void readFlexibleMetaDisk(Statement statement, VolumeDraft volume) throws ConfigException {
        WordCursor words = statement.afterKeyword();
        Token place = words.takeWord("internal, or an absolute path");
        words.expectSemicolon();
        set(volume, internalOrFlexible(place), statement, place);
    }

    private static MetaDisk internalOrFlexible(Token place) throws ConfigException {
        return place.text().equals("internal")
                ? new MetaDisk.Internal()
                : new MetaDisk.FlexExternal(OptionValues.absolutePath(place, META_DISK_RULE));
    }

    private static void set(VolumeDraft volume, MetaDisk metaDisk, Statement statement, Token place)
            throws ConfigException {
        if (volume.metadata.isPresent()) {
            throw twice(statement, "meta-disk", volume.metadata.get().position());
        }
        volume.metadata = Optional.of(new VolumeDraft.Metadata(metaDisk, place.position()));
    }

    private static int number(WordCursor words, String what, int highest) throws ConfigException {
        Token word = words.takeWord("a number from 0 to " + highest);
        long number = NumberUnit.COUNT.parse(word);
        if (number <= highest) {
            return (int) number;
        }
        throw new ConfigException(word.position(), what + " " + word.shown() + " is out of range", "0 to " + highest);
    }

    static ConfigException twice(Statement statement, String what, SourcePosition first) {
        return new ConfigException(statement.position(), what + " is given twice, first at " + first, what + " once");
    }
}
