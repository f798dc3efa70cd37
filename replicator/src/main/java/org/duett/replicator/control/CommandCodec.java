package org.duett.replicator.control;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.util.Optional;
import org.duett.replicator.machine.Command;

/** The commands of the core as fields of a request: the verb of the command line, and what it needs. */
final class CommandCodec {
    private static final int ALL_VOLUMES = -1;
    private static final int HIGHEST_VOLUME = 65_535;

    private CommandCodec() {
    }

    static int volume(JsonFields fields) throws ControlFormatException {
        return (int) fields.number("volume", ALL_VOLUMES, ALL_VOLUMES, HIGHEST_VOLUME);
    }

    static Command read(String verb, JsonFields fields) throws ControlFormatException {
        return switch (verb) {
            case "primary" -> new Command.Promote(fields.flag("force"));
            case "secondary" -> new Command.Demote(fields.flag("force"));
            case "attach" -> new Command.Attach(volume(fields));
            case "detach" -> new Command.Detach(volume(fields), fields.flag("force"));
            case "connect" -> new Command.Connect(fields.flag("discardMyData"));
            case "disconnect" -> new Command.Disconnect(fields.flag("force"));
            case "invalidate" -> new Command.Invalidate(volume(fields));
            case "invalidate-remote" -> new Command.InvalidateRemote(volume(fields));
            case "outdate" -> new Command.Outdate(anyNumber(fields, "current", 0),
                    contact(fields), anyNumber(fields, "deadlineBootNanos", Long.MAX_VALUE));
            case "new-current-uuid" -> new Command.NewCurrentUuid(volume(fields), fields.flag("clearBitmap"));
            case "suspend-io" -> new Command.SuspendIo();
            case "resume-io" -> new Command.ResumeIo();
            case "pause-sync" -> new Command.PauseSync();
            case "resume-sync" -> new Command.ResumeSync();
            case "resize" -> new Command.Resize(volume(fields), fields.number("sectors", 0, 0, Long.MAX_VALUE / 512),
                    fields.flag("assumeClean"));
            case "peer-is-down" -> new Command.PeerIsDown(fields.text("why"), fields.number("silentNanos", 0, 0, Long.MAX_VALUE));
            case "test-connection" -> new Command.TestConnection(fields.text("why"));
            case "allow-alone" -> new Command.AllowAlone(fields.flag("allowed"), contact(fields), fields.text("proof"));
            case "set-read-deadline" -> new Command.SetReadDeadline(anyNumber(fields, "bootNanos", Long.MAX_VALUE));
            case "freeze" -> new Command.Freeze(fields.text("why"));
            case "give-up-eyewitness" -> new Command.GiveUpEyewitness(contact(fields));
            case "take-eyewitness-back" -> new Command.TakeEyewitnessBack(contact(fields));
            default -> throw new ControlFormatException("request '" + shortened(verb) + "' is unknown");
        };
    }

    private static int contact(JsonFields fields) throws ControlFormatException {
        return (int) fields.number("contact", -1, -1, Integer.MAX_VALUE);
    }

    private static long anyNumber(JsonFields fields, String name, long otherwise) throws ControlFormatException {
        return fields.number(name, otherwise, Long.MIN_VALUE, Long.MAX_VALUE);
    }

    /** What a stranger sent is shown, but not at any length. */
    private static String shortened(String word) {
        return word.length() <= 40 ? word : word.substring(0, 40) + "...";
    }

    static void write(String resource, Command command, JsonGenerator json) throws IOException {
        ControlCodec.head(json, verb(command), Optional.of(resource));
        switch (command) {
            case Command.Promote(var force) -> json.writeBooleanField("force", force);
            case Command.Demote(var force) -> json.writeBooleanField("force", force);
            case Command.Attach(var volume) -> json.writeNumberField("volume", volume);
            case Command.Detach(var volume, var force) -> {
                json.writeNumberField("volume", volume);
                json.writeBooleanField("force", force);
            }
            case Command.Connect(var discardMyData) -> json.writeBooleanField("discardMyData", discardMyData);
            case Command.Disconnect(var force) -> json.writeBooleanField("force", force);
            case Command.Invalidate(var volume) -> json.writeNumberField("volume", volume);
            case Command.InvalidateRemote(var volume) -> json.writeNumberField("volume", volume);
            case Command.Outdate(var current, var contact, var deadlineBootNanos) -> {
                json.writeNumberField("current", current);
                json.writeNumberField("contact", contact);
                json.writeNumberField("deadlineBootNanos", deadlineBootNanos);
            }
            case Command.NewCurrentUuid(var volume, var clearBitmap) -> {
                json.writeNumberField("volume", volume);
                json.writeBooleanField("clearBitmap", clearBitmap);
            }
            case Command.Resize(var volume, var sectors, var assumeClean) -> {
                json.writeNumberField("volume", volume);
                json.writeNumberField("sectors", sectors);
                json.writeBooleanField("assumeClean", assumeClean);
            }
            case Command.PeerIsDown(var why, var silentNanos) -> {
                json.writeStringField("why", why);
                json.writeNumberField("silentNanos", silentNanos);
            }
            case Command.TestConnection(var why) -> json.writeStringField("why", why);
            case Command.AllowAlone(var allowed, var contact, var proof) -> {
                json.writeBooleanField("allowed", allowed);
                json.writeNumberField("contact", contact);
                json.writeStringField("proof", proof);
            }
            case Command.SetReadDeadline(var bootNanos) -> json.writeNumberField("bootNanos", bootNanos);
            case Command.Freeze(var why) -> json.writeStringField("why", why);
            case Command.GiveUpEyewitness(var contact) -> json.writeNumberField("contact", contact);
            case Command.TakeEyewitnessBack(var contact) -> json.writeNumberField("contact", contact);
            case Command.SuspendIo(),Command.ResumeIo(),Command.PauseSync(),Command.ResumeSync() -> {
                // The verb says it all.
            }
        }
    }

    static String verb(Command command) {
        return switch (command) {
            case Command.Promote promote -> "primary";
            case Command.Demote demote -> "secondary";
            case Command.Attach attach -> "attach";
            case Command.Detach detach -> "detach";
            case Command.Connect connect -> "connect";
            case Command.Disconnect disconnect -> "disconnect";
            case Command.Invalidate invalidate -> "invalidate";
            case Command.InvalidateRemote invalidate -> "invalidate-remote";
            case Command.Outdate outdate -> "outdate";
            case Command.NewCurrentUuid newCurrent -> "new-current-uuid";
            case Command.SuspendIo suspend -> "suspend-io";
            case Command.ResumeIo resume -> "resume-io";
            case Command.PauseSync pause -> "pause-sync";
            case Command.ResumeSync resume -> "resume-sync";
            case Command.Resize resize -> "resize";
            case Command.PeerIsDown down -> "peer-is-down";
            case Command.TestConnection test -> "test-connection";
            case Command.AllowAlone allow -> "allow-alone";
            case Command.SetReadDeadline deadline -> "set-read-deadline";
            case Command.Freeze freeze -> "freeze";
            case Command.GiveUpEyewitness giveUp -> "give-up-eyewitness";
            case Command.TakeEyewitnessBack takeBack -> "take-eyewitness-back";
        };
    }
}
