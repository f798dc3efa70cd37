package org.duett.replicator.nbd;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The option haggling of one connection: fixed newstyle, no TLS, simple replies only (spec nbd 2 and 3). */
final class NbdNegotiation {
    private static final Logger LOG = LoggerFactory.getLogger(NbdNegotiation.class);

    private final NbdConnection connection;
    private final ChannelHandlerContext context;
    private boolean clientFlagsSeen;
    private boolean noZeroes;
    private boolean finished;
    private int optionsSeen;
    /** Of an option that is too long for us and was answered already. */
    private int skipBytes;

    NbdNegotiation(NbdConnection connection, ChannelHandlerContext context) {
        this.connection = connection;
        this.context = context;
    }

    void greet() {
        ByteBuf greeting = context.alloc().buffer(18);
        greeting.writeLong(NbdProtocol.NBDMAGIC);
        greeting.writeLong(NbdProtocol.IHAVEOPT);
        greeting.writeShort(NbdProtocol.FLAG_FIXED_NEWSTYLE | NbdProtocol.FLAG_NO_ZEROES);
        context.writeAndFlush(greeting, context.voidPromise());
    }

    /** Takes from {@code in} what is complete. */
    void advance(ByteBuf in) {
        while (!finished && !connection.isClosed()) {
            if (skipBytes > 0) {
                int skipped = Math.min(skipBytes, in.readableBytes());
                in.skipBytes(skipped);
                skipBytes -= skipped;
                if (skipBytes > 0) return;
            }
            if (!(clientFlagsSeen ? readOption(in) : readClientFlags(in))) return;
        }
    }

    private boolean readClientFlags(ByteBuf in) {
        if (in.readableBytes() < Integer.BYTES) return false;
        int flags = in.readInt();
        if ((flags & ~(NbdProtocol.FLAG_FIXED_NEWSTYLE | NbdProtocol.FLAG_NO_ZEROES)) != 0) {
            connection.drop("unknown client flags 0x" + Integer.toHexString(flags));
            return false;
        }
        noZeroes = (flags & NbdProtocol.FLAG_NO_ZEROES) != 0;
        clientFlagsSeen = true;
        return true;
    }

    private boolean readOption(ByteBuf in) {
        if (in.readableBytes() < NbdProtocol.OPTION_HEADER_BYTES) return false;
        int start = in.readerIndex();
        long magic = in.getLong(start);
        int option = in.getInt(start + 8);
        int length = in.getInt(start + 12);
        if (magic != NbdProtocol.IHAVEOPT) {
            connection.drop("bytes that are no NBD option: 0x" + Long.toHexString(magic));
            return false;
        }
        if (length < 0 || length > NbdProtocol.MAX_SKIPPED_OPTION_BYTES) {
            connection.drop("option " + option + " with " + Integer.toUnsignedString(length) + " bytes");
            return false;
        }
        if (length > NbdProtocol.MAX_OPTION_BYTES) {
            if (!countOption()) return false;
            in.skipBytes(NbdProtocol.OPTION_HEADER_BYTES);
            skipBytes = length;
            // EXPORT_NAME has no error reply.
            if (option == NbdProtocol.OPT_EXPORT_NAME) connection.drop("an export name of " + length + " bytes");
            else
                refuse(option, NbdProtocol.REP_ERR_TOO_BIG,
                        "This option is longer than " + NbdProtocol.MAX_OPTION_BYTES + " bytes.");
            return true;
        }
        if (in.readableBytes() < NbdProtocol.OPTION_HEADER_BYTES + length) return false;
        if (!countOption()) return false;
        in.skipBytes(NbdProtocol.OPTION_HEADER_BYTES);
        int end = in.readerIndex() + length;
        answer(option, in, length);
        // A connection that ended has given its buffer back.
        if (!connection.isClosed()) in.readerIndex(end);
        return true;
    }

    private boolean countOption() {
        optionsSeen++;
        if (optionsSeen <= NbdProtocol.MAX_OPTIONS) return true;
        connection.drop("more than " + NbdProtocol.MAX_OPTIONS + " options");
        return false;
    }

    private void answer(int option, ByteBuf in, int length) {
        switch (option) {
            case NbdProtocol.OPT_EXPORT_NAME -> exportName(in, length);
            case NbdProtocol.OPT_ABORT -> {
                reply(option, NbdProtocol.REP_ACK, 0);
                connection.endAfterWrites("it ended the negotiation");
            }
            case NbdProtocol.OPT_LIST -> list(length);
            case NbdProtocol.OPT_INFO, NbdProtocol.OPT_GO -> infoOrGo(option, in, length);
            default -> refuse(option, NbdProtocol.REP_ERR_UNSUP,
                    "This server has no option " + Integer.toUnsignedString(option) + ".");
        }
    }

    private void list(int length) {
        if (length != 0) {
            refuse(NbdProtocol.OPT_LIST, NbdProtocol.REP_ERR_INVALID, "LIST takes no data.");
            return;
        }
        for (NbdExport export : connection.server.exports().all()) {
            byte[] name = export.name.getBytes(UTF_8);
            ByteBuf reply = replyHeader(NbdProtocol.OPT_LIST, NbdProtocol.REP_SERVER, Integer.BYTES + name.length);
            context.write(reply.writeInt(name.length).writeBytes(name), context.voidPromise());
        }
        reply(NbdProtocol.OPT_LIST, NbdProtocol.REP_ACK, 0);
    }

    private void infoOrGo(int option, ByteBuf in, int length) {
        // Name length, name, number of information requests, the requests.
        long nameLength = length < 6 ? Long.MAX_VALUE : in.readUnsignedInt();
        if (nameLength > length - 6) {
            refuse(option, NbdProtocol.REP_ERR_INVALID, "The lengths inside of this option do not fit its own.");
            return;
        }
        if (nameLength > NbdProtocol.MAX_STRING_BYTES) {
            refuse(option, NbdProtocol.REP_ERR_TOO_BIG,
                    "An export name has up to " + NbdProtocol.MAX_STRING_BYTES + " bytes.");
            return;
        }
        String name = in.readString((int) nameLength, UTF_8);
        int requests = in.readUnsignedShort();
        if (length != 6 + nameLength + 2L * requests) {
            refuse(option, NbdProtocol.REP_ERR_INVALID, "The lengths inside of this option do not fit its own.");
            return;
        }
        boolean wantsName = false;
        boolean wantsDescription = false;
        for (int i = 0; i < requests; i++) {
            int information = in.readUnsignedShort();
            wantsName |= information == NbdProtocol.INFO_NAME;
            wantsDescription |= information == NbdProtocol.INFO_DESCRIPTION;
        }
        switch (connection.server.exports().resolve(name)) {
            case NbdExports.Resolution.Refused(String reason) -> refuse(option, NbdProtocol.REP_ERR_UNKNOWN, reason);
            case NbdExports.Resolution.Served(NbdExport export) -> {
                // Told to the core before the client, which may send requests as soon as it knows.
                if (option == NbdProtocol.OPT_GO && !connection.use(export)) return;
                describe(option, export, wantsName, wantsDescription);
                if (option == NbdProtocol.OPT_GO) finish(export);
            }
        }
    }

    private void describe(int option, NbdExport export, boolean wantsName, boolean wantsDescription) {
        context.write(replyHeader(option, NbdProtocol.REP_INFO, 12)
                .writeShort(NbdProtocol.INFO_EXPORT).writeLong(export.sizeBytes)
                .writeShort(NbdProtocol.TRANSMISSION_FLAGS),
                context.voidPromise());
        context.write(replyHeader(option, NbdProtocol.REP_INFO, 14)
                .writeShort(NbdProtocol.INFO_BLOCK_SIZE).writeInt(export.logicalBlockBytes)
                .writeInt(Math.max(NbdProtocol.PREFERRED_BLOCK_BYTES, export.logicalBlockBytes))
                .writeInt(NbdProtocol.MAX_PAYLOAD_BYTES),
                context.voidPromise());
        if (wantsName) text(option, NbdProtocol.INFO_NAME, export.name);
        if (wantsDescription) text(option, NbdProtocol.INFO_DESCRIPTION, connection.server.describe(export));
        reply(option, NbdProtocol.REP_ACK, 0);
    }

    private void text(int option, int information, String text) {
        byte[] bytes = text.getBytes(UTF_8);
        context.write(
                replyHeader(option, NbdProtocol.REP_INFO, Short.BYTES + bytes.length).writeShort(information)
                        .writeBytes(bytes),
                context.voidPromise());
    }

    /** The one option without replies: data or the end of the connection. */
    private void exportName(ByteBuf in, int length) {
        String name = in.readString(length, UTF_8);
        switch (connection.server.exports().resolve(name)) {
            case NbdExports.Resolution.Refused(String reason) -> {
                LOG.info("{} is refused: {}", connection.name, reason);
                connection.cut("refused");
            }
            case NbdExports.Resolution.Served(NbdExport export) -> {
                if (!connection.use(export)) return;
                ByteBuf reply = context.alloc().buffer(10 + NbdProtocol.ZEROES_BYTES);
                reply.writeLong(export.sizeBytes).writeShort(NbdProtocol.TRANSMISSION_FLAGS);
                if (!noZeroes) reply.writeZero(NbdProtocol.ZEROES_BYTES);
                context.writeAndFlush(reply, context.voidPromise());
                finish(export);
            }
        }
    }

    private void finish(NbdExport export) {
        finished = true;
        connection.startTransmission(export.sizeBytes);
    }

    private void refuse(int option, int error, String reason) {
        LOG.debug("{}: option {} is refused: {}", connection.name, option, reason);
        byte[] text = reason.getBytes(UTF_8);
        assert text.length <= NbdProtocol.MAX_STRING_BYTES;
        context.writeAndFlush(replyHeader(option, error, text.length).writeBytes(text), context.voidPromise());
    }

    private void reply(int option, int type, int length) {
        context.writeAndFlush(replyHeader(option, type, length), context.voidPromise());
    }

    private ByteBuf replyHeader(int option, int type, int length) {
        ByteBuf reply = context.alloc().buffer(20 + length);
        return reply.writeLong(NbdProtocol.REP_MAGIC).writeInt(option).writeInt(type).writeInt(length);
    }
}
