package org.duett.replicator;

import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.rolling.FixedWindowRollingPolicy;
import ch.qos.logback.core.rolling.RollingFileAppender;
import ch.qos.logback.core.rolling.SizeBasedTriggeringPolicy;
import ch.qos.logback.core.util.FileSize;
import io.netty.util.ResourceLeakDetector;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.duett.replicator.cli.ConfigurationFile;
import org.duett.replicator.control.ExitCode;
import org.duett.replicator.node.Daemon;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The replicator daemon: {@code duett daemon}. Ends on SIGTERM or SIGINT, closing what it can close cleanly. */
@Command(name = "duett daemon", exitCodeOnInvalidInput = 20, exitCodeOnExecutionException = 20, mixinStandardHelpOptions = true, version = "duett " + Version.TEXT, description = {
        "The replicator daemon of this node: serves the resources that are brought up, until SIGTERM."})
public final class ReplicatorMain implements Callable<Integer> {
    private static final String LOG_PATTERN = "%d{yyyy-MM-dd'T'HH:mm:ss.SSSXXX} %-5level %msg%n";
    private static final long LOG_FILE_BYTES = 16 << 20;
    private static final int LOG_FILES = 5;
    private static final String LEAK_LEVEL = "io.netty.leakDetection.level";

    @Option(names = {"-c", "--config"}, paramLabel = "FILE", description = "the configuration; else $DUETT_CONF, "
            + "/etc/duett/duett.conf, /etc/drbd.conf, the first that is there")
    private Path configuration = ConfigurationFile.chosen();

    @Option(names = "--foreground", description = "stay with the terminal; the daemon always does, service managers want it said")
    private boolean foreground;

    @Option(names = "--up", description = "bring up all resources of the configuration that this node has a part in")
    private boolean upAll;

    @Option(names = "--log-file", paramLabel = "FILE", description = "log there, too; 5 files of 16 MiB are kept")
    private Path logFile;

    @Parameters(paramLabel = "RESOURCE", arity = "0..*", description = "bring up these")
    private List<String> resources = List.of();

    private ReplicatorMain() {
    }

    public static void main(String[] arguments) {
        // Leaks are looked for in tests, at each buffer; here a stack trace for every 128th would be most of what a write allocates.
        if (System.getProperty(LEAK_LEVEL) == null) ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.DISABLED);
        int code = new CommandLine(new ReplicatorMain()).execute(arguments);
        if (code != 0) System.exit(code);
    }

    @Override
    public Integer call() throws InterruptedException {
        if (logFile != null) logTo(logFile);
        Daemon daemon;
        try {
            daemon = Daemon.start(configuration, Version.TEXT);
        } catch (Daemon.StartRefused refused) {
            LoggerFactory.getLogger(ReplicatorMain.class).error("{}", refused.report());
            return refused.code().number();
        }
        Runtime.getRuntime().addShutdownHook(new Thread(daemon::close, "shutdown"));
        if (upAll || !resources.isEmpty()) daemon.up(resources);
        // Until a signal: the end comes through the shutdown hook.
        new CountDownLatch(1).await();
        return ExitCode.OK.number();
    }

    private static void logTo(Path file) {
        LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
        PatternLayoutEncoder encoder = new PatternLayoutEncoder();
        encoder.setContext(context);
        encoder.setPattern(LOG_PATTERN);
        encoder.start();
        RollingFileAppender<ILoggingEvent> appender = new RollingFileAppender<>();
        appender.setContext(context);
        appender.setFile(file.toString());
        appender.setEncoder(encoder);
        FixedWindowRollingPolicy files = new FixedWindowRollingPolicy();
        files.setContext(context);
        files.setParent(appender);
        files.setMaxIndex(LOG_FILES - 1);
        files.setFileNamePattern(file + ".%i");
        files.start();
        SizeBasedTriggeringPolicy<ILoggingEvent> size = new SizeBasedTriggeringPolicy<>();
        size.setContext(context);
        size.setMaxFileSize(new FileSize(LOG_FILE_BYTES));
        size.start();
        appender.setRollingPolicy(files);
        appender.setTriggeringPolicy(size);
        appender.start();
        context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME).addAppender(appender);
    }
}
