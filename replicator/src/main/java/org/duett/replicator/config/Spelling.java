package org.duett.replicator.config;

import java.util.List;
import java.util.Optional;

/** Finds the word that a mistyped one was probably meant to be. */
final class Spelling {
    private static final int MOST_MISTAKES = 2;

    private Spelling() {
    }

    static Optional<String> closest(String typed, List<String> known) {
        String best = null;
        int fewest = MOST_MISTAKES + 1;
        for (String word : known) {
            if (Math.abs(word.length() - typed.length()) > MOST_MISTAKES) {
                continue;
            }
            int mistakes = mistakes(typed, word);
            if (mistakes < fewest && mistakes < word.length()) {
                fewest = mistakes;
                best = word;
            }
        }
        return Optional.ofNullable(best);
    }

    /** How many letters have to be changed, added or left out. */
    private static int mistakes(String typed, String word) {
        int[] row = new int[word.length() + 1];
        for (int column = 0; column <= word.length(); column++) {
            row[column] = column;
        }
        for (int at = 1; at <= typed.length(); at++) {
            int diagonal = row[0];
            row[0] = at;
            for (int column = 1; column <= word.length(); column++) {
                int replaced = diagonal + (typed.charAt(at - 1) == word.charAt(column - 1) ? 0 : 1);
                diagonal = row[column];
                row[column] = Math.min(replaced, 1 + Math.min(row[column], row[column - 1]));
            }
        }
        return row[word.length()];
    }
}
