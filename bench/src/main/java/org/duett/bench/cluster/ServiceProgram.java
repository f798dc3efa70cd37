package org.duett.bench.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.duett.bench.host.HostCommand;
import org.duett.bench.host.JavaProgram;

/** The program of the cluster, its data on the replicated device. */
public sealed interface ServiceProgram {

    /** As people call it. */
    String name();

    /** Fills a fresh file system; {@code data} is where it is mounted now and where the cluster will mount it. */
    void prepare(Path data);

    /** The options of a member {@code program} in section cluster. */
    String memberOptions(Path data, Path runDirectory);

    RowStore.Connector connector(String serviceAddress);

    /** PostgreSQL of Debian's package where it is installed, else the small service of our own. */
    static ServiceProgram best() {
        return Postgres.find().<ServiceProgram>map(found -> found).orElseGet(HttpRows::new);
    }

    /** PostgreSQL, by its own pg_ctl. */
    record Postgres(Path programs) implements ServiceProgram {

        private static final Path VERSIONS = Path.of("/usr/lib/postgresql");
        private static final int PORT = 5432;
        private static final String SETTINGS = """
                listen_addresses = '*'
                unix_socket_directories = ''
                shared_buffers = 16MB
                max_connections = 50
                min_wal_size = 2MB
                max_wal_size = 16MB
                """;

        /** The newest version that is installed. */
        public static Optional<Postgres> find() {
            if (!Files.isDirectory(VERSIONS)) return Optional.empty();
            try (Stream<Path> versions = Files.list(VERSIONS)) {
                return versions.map(version -> version.resolve("bin")).filter(bin -> Files.isExecutable(bin.resolve("initdb")))
                        .max(Comparator.comparing(bin -> Integer.parseInt(bin.getParent().getFileName().toString())))
                        .map(Postgres::new);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        public String name() {
            return "PostgreSQL " + programs.getParent().getFileName();
        }

        private Path database(Path data) {
            return data.resolve("postgres");
        }

        @Override
        public void prepare(Path data) {
            Path database = database(data);
            HostCommand.must("install", "-d", "-o", PostgresConnection.USER, "-m", "700", database.toString());
            asItsUser(programs.resolve("initdb") + " -N --no-locale -E UTF8 -A trust --wal-segsize=1 -D " + database);
            try {
                Files.writeString(database.resolve("postgresql.conf"), SETTINGS, StandardOpenOption.APPEND);
                Files.writeString(database.resolve("pg_hba.conf"), "host all all 0.0.0.0/0 trust\nhost all all ::/0 trust\n",
                        StandardOpenOption.APPEND);
            } catch (IOException e) {
                throw new UncheckedIOException("Could not configure PostgreSQL in " + database, e);
            }
            asItsUser("echo 'CREATE TABLE " + PostgresConnection.TABLE + " (number bigint PRIMARY KEY)' | " + programs.resolve("postgres")
                    + " --single -D " + database + " postgres");
        }

        private static void asItsUser(String command) {
            HostCommand.must("runuser", "-u", PostgresConnection.USER, "--", "sh", "-c", "cd / && " + command);
        }

        @Override
        public String memberOptions(Path data, Path runDirectory) {
            String control = "cd / && runuser -u " + PostgresConnection.USER + " -- " + programs.resolve("pg_ctl") + " -D " + database(data);
            return """
                    start "%1$s -w -t 60 -l %2$s/server.log start";
                    stop "%1$s -w -t 30 -m fast stop";
                    monitor "%1$s status";
                    """.formatted(control, database(data));
        }

        @Override
        public RowStore.Connector connector(String serviceAddress) {
            var address = new InetSocketAddress(serviceAddress, PORT);
            return (connectMillis, answerMillis) -> new PostgresConnection(address, connectMillis, answerMillis);
        }
    }

    /** The small service of our own, by HTTP. */
    record HttpRows() implements ServiceProgram {

        private static final int PORT = 8080;
        private static final List<String> QUICK_START = List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-Xmx64m");

        @Override
        public String name() {
            return "a small HTTP service";
        }

        @Override
        public void prepare(Path data) {
            // It makes its file by itself.
        }

        @Override
        public String memberOptions(Path data, Path runDirectory) {
            String program = String.join(" ",
                    JavaProgram.command(RowService.class.getName(), QUICK_START, Integer.toString(PORT), data.resolve("rows").toString()));
            String listens = "ss -Hltn sport = :" + PORT + " | grep -q .";
            return """
                    start "setsid %1$s </dev/null >%2$s/rows.log 2>&1 & until %3$s; do sleep 0.05; done";
                    stop "kill -9 $(ss -Hltnp sport = :%4$d | sed -n 's/.*pid=\\\\([0-9]*\\\\).*/\\\\1/p'); true";
                    monitor "%3$s";
                    """.formatted(program, runDirectory, listens, PORT);
        }

        @Override
        public RowStore.Connector connector(String serviceAddress) {
            var address = new InetSocketAddress(serviceAddress, PORT);
            return (connectMillis, answerMillis) -> new HttpRowConnection(address, connectMillis, answerMillis);
        }
    }
}
