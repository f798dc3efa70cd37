package org.duett.replicator.config;

import java.util.ArrayList;
import java.util.List;

/** A value that the configuration writes as one of a few fixed words. */
public interface Spelled {

    /** The word in the file. */
    String spelling();

    static List<String> spellings(Spelled... values) {
        var spellings = new ArrayList<String>();
        for (Spelled value : values) {
            spellings.add(value.spelling());
        }
        return List.copyOf(spellings);
    }
}
