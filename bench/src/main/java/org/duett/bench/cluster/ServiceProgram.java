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
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.duett.bench.host.HostCommand;
import org.duett.bench.host.JavaProgram;

/** The program of the cluster, its data on the replicated device. */
public sealed interface ServiceProgram {

    /** As people call it. */
    String name();

    /** Fills a fresh file system; {@code data} is where it is mounted now and where the cluster will mount it. */
    void prepare(Path data);

    /** What a script does for start, stop and monitor, as shell commands. */
    Commands commands(Path data, Path logFolder);

    record Commands(String start, String stop, String monitor) {
        String asScript() {
            return """
                    #!/bin/sh
                    cd / # what the program is started from may have to be unmounted
                    case $1 in
                        start) %s ;;
                        stop) %s ;;
                        monitor) %s ;;
                        *) exit 2 ;;
                    esac
                    """.formatted(start, stop, monitor);
        }
    }

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
        public Commands commands(Path data, Path logFolder) {
            String control = "runuser -u " + PostgresConnection.USER + " -- " + programs.resolve("pg_ctl") + " -D " + database(data) + " -w ";
            return new Commands(control + "-t 60 -l " + database(data).resolve("server.log") + " start", control + "-t 30 -m fast stop",
                    control + "status");
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
        public Commands commands(Path data, Path logFolder) {
            String program = JavaProgram.command(RowService.class.getName(), QUICK_START, Integer.toString(PORT), data.resolve("rows").toString())
                    .stream().map(word -> "'" + word + "'").collect(Collectors.joining(" "));
            String listens = "ss -Hltn sport = :" + PORT + " | grep -q .";
            return new Commands("setsid " + program + " </dev/null >" + logFolder.resolve("rows.log") + " 2>&1 & until " + listens + "; do sleep 0.05; done",
                    "kill -9 $(ss -Hltnp sport = :" + PORT + " | sed -n 's/.*pid=\\([0-9]*\\).*/\\1/p'); while " + listens + "; do sleep 0.05; done",
                    listens);
        }

        @Override
        public RowStore.Connector connector(String serviceAddress) {
            var address = new InetSocketAddress(serviceAddress, PORT);
            return (connectMillis, answerMillis) -> new HttpRowConnection(address, connectMillis, answerMillis);
        }
    }
}
