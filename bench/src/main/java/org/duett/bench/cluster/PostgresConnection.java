package org.duett.bench.cluster;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Set;

/**
 * As much of PostgreSQL's protocol (version 3) as our client needs: a start without a password, and simple queries. A driver would hide
 * how long each step of a reconnect takes, which is what is measured here.
 */
public final class PostgresConnection implements RowStore {

    static final String USER = "postgres";
    static final String TABLE = "duett_row";

    private static final int PROTOCOL_VERSION_3 = 3 << 16;
    private static final byte AUTHENTICATION = 'R';
    private static final byte ERROR = 'E';
    private static final byte DATA_ROW = 'D';
    private static final byte READY = 'Z';
    private static final byte QUERY = 'Q';
    private static final int SHORTEST_MESSAGE_BYTES = 4;
    private static final int LONGEST_MESSAGE_BYTES = 1 << 20;

    private final Socket socket = new Socket();
    private final DataInputStream in;
    private final DataOutputStream out;

    public PostgresConnection(InetSocketAddress address, int connectMillis, int answerMillis) throws IOException {
        try {
            socket.setTcpNoDelay(true);
            socket.connect(address, connectMillis);
            socket.setSoTimeout(answerMillis);
            in = new DataInputStream(new BufferedInputStream(socket.getInputStream()));
            out = new DataOutputStream(new BufferedOutputStream(socket.getOutputStream()));
            start();
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }

    private void start() throws IOException {
        var body = new ByteArrayOutputStream();
        for (String word : new String[]{"user", USER, "database", USER, ""}) {
            body.writeBytes(word.getBytes(StandardCharsets.UTF_8));
            body.write(0);
        }
        out.writeInt(Integer.BYTES + Integer.BYTES + body.size());
        out.writeInt(PROTOCOL_VERSION_3);
        body.writeTo(out);
        out.flush();
        readUntilReady(null);
    }

    @Override
    public void insert(long row) throws IOException {
        query("INSERT INTO " + TABLE + " VALUES (" + row + ")", null);
    }

    @Override
    public Set<Long> rows() throws IOException {
        var rows = new HashSet<Long>();
        query("SELECT number FROM " + TABLE, rows);
        return rows;
    }

    private void query(String text, Set<Long> rows) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        out.writeByte(QUERY);
        out.writeInt(Integer.BYTES + bytes.length + 1);
        out.write(bytes);
        out.writeByte(0);
        out.flush();
        readUntilReady(rows);
    }

    /** An error of the server is an exception, after it has said that it is ready for more; a fatal one is followed by the end. */
    private void readUntilReady(Set<Long> rows) throws IOException {
        String error = null;
        while (true) {
            byte type;
            try {
                type = in.readByte();
            } catch (EOFException e) {
                throw error == null ? e : new IOException(error);
            }
            int length = in.readInt();
            if (length < SHORTEST_MESSAGE_BYTES || length > LONGEST_MESSAGE_BYTES)
                throw new IOException("that is no PostgreSQL: a message of " + length + " bytes");
            byte[] body = in.readNBytes(length - Integer.BYTES);
            switch (type) {
                case ERROR -> error = new String(body, StandardCharsets.UTF_8).replace('\0', ' ').strip();
                case AUTHENTICATION -> {
                    if (body[3] != 0) throw new IOException("the server asks for a password");
                }
                case DATA_ROW -> {
                    if (rows != null) rows.add(onlyColumn(body));
                }
                case READY -> {
                    if (error != null) throw new IOException(error);
                    return;
                }
                default -> {
                    // Parameters, keys, notices, descriptions: of no use to us.
                }
            }
        }
    }

    /** Number of columns (2 bytes), then the length (4 bytes) and text of each. */
    private static long onlyColumn(byte[] body) {
        return Long.parseLong(new String(body, 6, body.length - 6, StandardCharsets.US_ASCII));
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
