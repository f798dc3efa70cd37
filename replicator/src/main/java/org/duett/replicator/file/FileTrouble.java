package org.duett.replicator.file;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;

/** What went wrong with a file, for a person: the message of many of these exceptions is the name of the file alone. */
public final class FileTrouble {
    private FileTrouble() {
    }

    /** One clause without a full stop, which names the file where the exception does. */
    public static String inWords(IOException failed) {
        return switch (failed) {
            case AccessDeniedException denied -> denied.getFile() + " may not be read or written by this user";
            case NoSuchFileException missing -> missing.getFile() + " is not there";
            case FileAlreadyExistsException present -> present.getFile() + " is there already";
            case FileSystemException named when named.getReason() != null -> named.getFile() + ": " + named.getReason();
            case FileSystemException named -> named.toString();
            default -> failed.getMessage() == null ? failed.toString() : failed.getMessage();
        };
    }
}
