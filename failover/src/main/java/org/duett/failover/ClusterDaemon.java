package org.duett.failover;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import org.duett.failover.agent.AddressNetworks;
import org.duett.failover.agent.MemberAgents;
import org.duett.failover.check.CheckHistory;
import org.duett.failover.check.CheckResult;
import org.duett.failover.checker.CheckRunner;
import org.duett.failover.checker.ClusterView;
import org.duett.failover.config.CheckConfig;
import org.duett.failover.config.ClusterConfig;
import org.duett.failover.config.ClusterConfigReader;
import org.duett.failover.config.ClusterTimes;
import org.duett.failover.config.ConfigDigest;
import org.duett.failover.config.GroupConfig;
import org.duett.failover.config.MemberConfig;
import org.duett.failover.config.ProofConfig;
import org.duett.failover.control.ClusterRequest;
import org.duett.failover.control.ClusterSocket;
import org.duett.failover.decision.Action;
import org.duett.failover.decision.Event;
import org.duett.failover.decision.FailoverMachine;
import org.duett.failover.decision.GroupStatus;
import org.duett.failover.decision.Notice;
import org.duett.failover.decision.OperatorCommand;
import org.duett.failover.decision.ResourceView;
import org.duett.failover.heartbeat.Heartbeat;
import org.duett.failover.heartbeat.HeartbeatCodec;
import org.duett.failover.heartbeat.Incarnation;
import org.duett.failover.heartbeat.LivenessEvent;
import org.duett.failover.heartbeat.LivenessTimes;
import org.duett.failover.heartbeat.PeerLiveness;
import org.duett.failover.link.FailStopNotes;
import org.duett.failover.link.ReplicatorLink;
import org.duett.failover.link.ReplicatorRestart;
import org.duett.failover.notify.Notification;
import org.duett.failover.notify.Notifier;
import org.duett.failover.path.HeartbeatPath;
import org.duett.failover.path.HeartbeatPaths;
import org.duett.failover.proof.Prover;
import org.duett.failover.prover.Provers;
import org.duett.failover.prover.WatchdogFeeder;
import org.duett.failover.status.ClusterStatus;
import org.duett.failover.status.LastWords;
import org.duett.failover.status.StatusJson;
import org.duett.failover.status.StatusText;
import org.duett.replicator.clock.BootClock;
import org.duett.replicator.clock.BootId;
import org.duett.replicator.config.ConfigException;
import org.duett.replicator.config.ConfigWarning;
import org.duett.replicator.config.ReplicatorConfig;
import org.duett.replicator.state.DiskState;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The running failover daemon: its parts built in order, and what the loop orders carried to the part that performs it. */
final class ClusterDaemon implements FailoverLoop.Shells, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ClusterDaemon.class);
    private static final long SECOND_NANOS = 1_000_000_000L;
    /** A replicator that does not answer for so long is told as gone, though its process may live. */
    private static final long UNANSWERED_MILLIS = 1500;
    /** The watchdog is not fed by a daemon that has decided nothing for so long: it looks at all each second. */
    private static final long UNDECIDED_MILLIS = 5000;
    /** Between two attempts to write down what could not be written. */
    private static final long RECORD_RETRY_MILLIS = 1000;
    private static final int GOODBYES = 5;
    /** Whoever asked it to leave looks several times a second, and is to see that it has stopped its groups. */
    private static final int SEEN_MILLIS = 1000;

    private final ClusterConfig config;
    private final ConfigOnDisk onDisk;
    private final RecordFile record;
    private final KeyWatch keys;
    private final FailoverLoop loop;
    private final ReplicatorLink link;
    private final ReplicatorRestart restart;
    private final MemberDispatch members;
    private final RivalWatch rivals;
    private final List<Prover> provers;
    private final ProofDispatch proofs;
    private final Notifier notifier;
    private final CheckRunner checks;
    private final HeartbeatPaths paths;
    private final NodeHealth health;
    private final Optional<WatchdogFeeder> watchdog;
    private final ClusterSocket socket;
    private final ExecutorService errands = Executors.newVirtualThreadPerTaskExecutor();
    private final Recorder recorder;
    private final CountDownLatch left = new CountDownLatch(1);
    private Future<?> lookAtKeys = CompletableFuture.completedFuture(null);
    private long nextSecondNanos;
    private volatile ClusterStatus lastStatus;
    private volatile boolean halted;

    /** Until SIGTERM, which leaves what runs, or until it has left the cluster in order. Answers the exit code. */
    static int run(Path configuration) throws InterruptedException {
        try {
            ClusterDaemon daemon = start(configuration);
            Runtime.getRuntime().addShutdownHook(new Thread(daemon::close, "shutdown"));
            daemon.left.await();
            return 0;
        } catch (ConfigException wrong) {
            LOG.error("{}", wrong.getMessage());
            return 10;
        } catch (IOException failed) {
            LOG.error("The failover daemon cannot start: {}. Nothing was started or stopped.", failed.getMessage());
            return 20;
        }
    }

    private static ClusterDaemon start(Path configuration) throws ConfigException, IOException, InterruptedException {
        ClusterConfigReader.Result read = ClusterConfigReader.read(configuration);
        for (ConfigWarning warning : read.warnings()) LOG.warn("{}", warning);
        return new ClusterDaemon(configuration, read.cluster(), read.replicator());
    }

    private ClusterDaemon(Path configuration, ClusterConfig config, ReplicatorConfig replicator)
            throws ConfigException, IOException, InterruptedException {
        this.config = config;
        ConfigDigest digest = ConfigDigest.of(config, replicator);
        onDisk = new ConfigOnDisk(configuration, config, digest);
        Files.createDirectories(config.runDirectory());
        Files.createDirectories(config.stateDirectory());
        record = new RecordFile(config.stateDirectory());
        // Two daemons of one node would both be right: the second one ends here.
        socket = ClusterSocket.listen(ClusterSocket.in(config.runDirectory()), this::answer);
        var clock = new BootClock();
        LivenessTimes times = LivenessTimes.ofMillis(config.timing().keepaliveMillis(), config.timing().warntimeMillis(),
                config.timing().deadtimeMillis(), config.timing().initdeadMillis());
        var self = new Heartbeat.Sender(config.name(), config.localNode(), new Incarnation(BootId.read(), record.nextLife()));
        var liveness = new PeerLiveness(self, config.peerNode(), times, config.paths().stream().map(path -> path.name()).toList(), clock.getAsLong());
        var machine = new FailoverMachine(config, record.read(), record.pausedForNanos(), clock.getAsLong());
        keys = new KeyWatch(config.keyFile(), this::keysChanged, complaint -> LOG.error("The key file has changed, and cannot be used; the keys that were"
                + " read before stay valid: {}", complaint));
        loop = new FailoverLoop(config, clock, machine, liveness, new HeartbeatCodec(keys.keys()), digest, times);
        recorder = new Recorder(record::write, RECORD_RETRY_MILLIS, version -> loop.post(new Event.Remembered(version)), this::notRemembered);
        link = new ReplicatorLink(config.replicatorSocket(), Math.max(100, config.timing().keepaliveMillis()), failStopNotes(config), new LinkListener());
        restart = new ReplicatorRestart(configuration);
        MemberDispatch.AgentFactory agents = new MemberAgents(config.runDirectory(), config.replicatorSocket())::of;
        members = new MemberDispatch(config.groups(), agents, loop::post);
        rivals = new RivalWatch(config.groups(), agents, Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().name("rivals").factory()),
                (group, found, text) -> notify(found ? Notification.Kind.CHECK_FAILED : Notification.Kind.CHECK_RECOVERED, Optional.of(group), text));
        provers = Provers.of(config, replicationPorts(replicator), this::generations, BootClock::new);
        proofs = new ProofDispatch(provers, loop::post);
        notifier = Notifier.start(config.notifiers(), complaint -> LOG.warn("notification: {}", complaint));
        checks = new CheckRunner(config.checks(), new DaemonView(), this::checkChanged);
        health = new NodeHealth(Math.max(UNDECIDED_MILLIS, config.timing().deadtimeMillis()) * 1_000_000L);
        watchdog = watchdog();
        paths = HeartbeatPaths.open(config.paths(), new HeartbeatPath.Inbox() {
            @Override
            public void received(String path, byte[] datagram) {
                loop.received(path, datagram);
            }

            @Override
            public void refused(String path) {
                loop.refused(path);
            }
        });
        for (String way : members.ways()) LOG.info("{}", way);
        for (String complaint : members.rehearse()) LOG.error("A takeover would fail here: {}", complaint);
        for (String warning : AddressNetworks.warnings(config.groups())) LOG.warn("{}", warning);
        loop.start(this);
        link.start();
        checks.start();
        socket.start();
        LOG.info("node={} cluster={} peer={}: failover daemon of {}; {}", config.localNode(), config.name(), config.peerNode(), configuration,
                String.join("; ", ClusterTimes.of(config).lines()));
        for (Prover prover : provers) {
            if (!prover.notCovered().isEmpty()) LOG.warn("proof={} does not cover: {}", prover.name(), prover.notCovered());
        }
    }

    private void keysChanged(List<byte[]> newKeys) {
        LOG.info("The key file was read again: {}. Heartbeats are made with the first.", newKeys.size() == 1 ? "one key" : "two keys");
        loop.useKeys(newKeys);
    }

    private static FailStopNotes failStopNotes(ClusterConfig config) throws IOException {
        List<String> resources = config.groups().stream().flatMap(group -> group.members().stream()).filter(MemberConfig.Resource.class::isInstance)
                .map(member -> ((MemberConfig.Resource) member).name()).toList();
        return new FailStopNotes(config.runDirectory(), resources, BootId.read());
    }

    private List<InetSocketAddress> replicationPorts(ReplicatorConfig replicator) throws IOException {
        List<InetSocketAddress> ports = new ArrayList<>();
        for (var resource : replicator.resources()) {
            for (var host : resource.hosts()) {
                if (host.names().contains(config.peerNode())) ports.add(host.address().socketAddress());
            }
        }
        return ports;
    }

    private Map<String, Long> generations() {
        Map<String, Long> current = new TreeMap<>();
        ClusterStatus status = lastStatus;
        if (status != null) status.resources().forEach(resource -> current.put(resource.name(), resource.current() | 1));
        return current;
    }

    private Optional<WatchdogFeeder> watchdog() throws IOException, InterruptedException {
        for (ProofConfig proof : config.proofs()) {
            if (proof instanceof ProofConfig.Watchdog wanted) {
                return Optional.of(WatchdogFeeder.open(wanted, () -> !halted && health.isWell(System.nanoTime()), complaint -> LOG.error("watchdog: {}", complaint)));
            }
        }
        return Optional.empty();
    }

    // ---- what the loop orders

    @Override
    public void perform(Action action) {
        switch (action) {
            case Action.Order(long order, String resource, var command) -> link.order(order, resource, command);
            case Action.RestartReplicator(boolean kill) -> errands.execute(() -> restart(kill));
            case Action.TellOfPeerFailStop(String resource, String event, long untilBootNanos) -> link.peerFailStopped(resource, event, untilBootNanos);
            case Action.ProbeMember(String group, int member) -> members.probe(group, member);
            case Action.CheckAddress(String group, int member) -> members.checkAddress(group, member);
            case Action.StartMember(String group, int member) -> members.start(group, member);
            case Action.StopMember(String group, int member, boolean force) -> members.stop(group, member, force);
            case Action.AskProof(long attempt, boolean exclusive, int lookMillis) -> proofs.ask(attempt, exclusive, lookMillis);
            case Action.RenewProof(long attempt) -> proofs.renew(attempt);
            case Action.ReleaseProof() -> proofs.release();
            case Action.Remember(long version, var what) -> recorder.remember(version, what);
            case Action.Notify(Notice notice) -> tell(notice);
            case Action.Leave() -> errands.execute(this::leave);
            case Action.SendHeartbeat now -> throw new AssertionError("the loop does this: " + action);
            case Action.AnswerOperator answer -> throw new AssertionError("the loop does this: " + action);
        }
    }

    private void restart(boolean kill) {
        try {
            restart.restart(kill, link.process());
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
        }
    }

    /** Nothing is started, and no goodbye said, that could not be remembered; the operator hears why. */
    private void notRemembered(String why) {
        loop.post(new Event.RecordFails(why));
        tell(new Notice(Notice.Kind.GROUP_FAILED, Notice.Severity.ERROR, config.localNode(), recordTrouble(why)));
    }

    private String recordTrouble(String why) {
        return "The state directory " + config.stateDirectory() + " cannot be written (" + why + "). No group is started here until it can, and this node does not leave;"
                + " a stop, a start or standby that was ordered meanwhile is forgotten if the daemon ends before that. It is tried again each second: make room there.";
    }

    private void tell(Notice notice) {
        switch (notice.severity()) {
            case INFO -> LOG.info("{} {}", notice.kind(), notice.text());
            case WARNING -> LOG.warn("{} {}", notice.kind(), notice.text());
            case ERROR -> LOG.error("{} {}", notice.kind(), notice.text());
        }
        if (notice.kind() == Notice.Kind.OTHER) return;
        Optional<String> ofGroup = config.groups().stream().map(GroupConfig::name).filter(notice.subject()::equals).findFirst();
        // A group is often called as its only resource is: then it is about both.
        Optional<GroupConfig> withResource = config.groups().stream().filter(group -> group.resources().contains(notice.subject())).findFirst();
        Optional<String> resource = withResource.map(_ -> notice.subject());
        notify(Notification.Kind.valueOf(notice.kind().name()), ofGroup.or(() -> withResource.map(GroupConfig::name)), resource, notice.text());
    }

    private void notify(Notification.Kind kind, Optional<String> group, String text) {
        notify(kind, group, Optional.empty(), text);
    }

    private void notify(Notification.Kind kind, Optional<String> group, Optional<String> resource, String text) {
        notifier.tell(new Notification(kind, config.localNode(), group, resource, text, Instant.now()));
    }

    private void leave() {
        try {
            Thread.sleep(Math.max(GOODBYES * config.timing().keepaliveMillis(), SEEN_MILLIS));
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
        }
        left.countDown();
    }

    @Override
    public void send(String path, byte[] datagram) {
        paths.send(path, datagram);
    }

    @Override
    public void told(LivenessEvent event) {
        switch (event) {
            case LivenessEvent.PathUp(String path, long silent) -> {
                LOG.info("path={} up", path);
                if (silent > 0) notify(Notification.Kind.PATH_BACK, Optional.empty(), "Heartbeat path " + path + " is back after " + silent + " ms.");
            }
            case LivenessEvent.PathLate(String path, long silent) -> LOG.warn("path={} late: silent for {} ms", path, silent);
            case LivenessEvent.PathDown(String path, long silent) -> {
                LOG.warn("path={} down: silent for {} ms", path, silent);
                notify(Notification.Kind.PATH_LOST, Optional.empty(), "Heartbeat path " + path + " is lost; it was silent for " + silent + " ms.");
            }
            case LivenessEvent.PathOneWay(String path) -> {
                LOG.warn("path={} one way: {} does not hear this node on it", path, config.peerNode());
                notify(Notification.Kind.PATH_LOST, Optional.empty(), "Heartbeat path " + path + " works in one direction only.");
            }
            case LivenessEvent.PathBothWays(String path) -> LOG.info("path={} works both ways", path);
            case LivenessEvent.PeerUp(Incarnation incarnation) -> LOG.info("peer={} up: {}", config.peerNode(), incarnation);
            case LivenessEvent.PeerRestarted restarted -> LOG.info("peer={} restarted{}", config.peerNode(),
                    restarted.machineRestarted() ? ", and its machine, too" : "");
            case LivenessEvent.PeerLate(long silent) -> LOG.warn("peer={} late: silent on all paths for {} ms", config.peerNode(), silent);
            case LivenessEvent.PeerOnTimeAgain() -> LOG.info("peer={} on time again", config.peerNode());
            case LivenessEvent.PeerNotUnderstood(var why) -> LOG.error("peer={} speaks, but cannot be understood{}", config.peerNode(),
                    why.map(reason -> ": what it sends " + reason.text()).orElse(""));
            case LivenessEvent.PeerDead(boolean everHeard, long lastHeard, long silent) -> LOG.error("peer={} dead: silent on all paths for {} ms{}",
                    config.peerNode(), silent, everHeard ? "" : ", never heard since this daemon started");
            case LivenessEvent.Rejected(String path, var reason, long count) -> LOG.error("path={} what came {}, {} times", path, reason.text(), count);
            case LivenessEvent.OwnStall(long millis) -> LOG.warn("this daemon did not run for {} ms; nobody is judged by that time", millis);
        }
    }

    @Override
    public void turn(long bootNanos) {
        if (bootNanos < nextSecondNanos) return;
        nextSecondNanos = bootNanos + SECOND_NANOS;
        // One look at a time, and none on this thread: the disk may hang.
        members.lookForAddressesCutOff();
        if (lookAtKeys.isDone()) lookAtKeys = errands.submit(keys::look);
        long silent = link.silentMillis();
        if (silent > UNANSWERED_MILLIS) loop.post(new Event.ReplicatorGone(false, "no answer for " + silent + " ms"));
        loop.look((machine, liveness) -> ClusterStatus.of(config, notCovered(), machine, liveness)).thenAccept(status -> {
            lastStatus = status;
            health.seen(status.groups(), System.nanoTime());
            refreshAddresses(status);
            tellWitnesses(status);
        });
    }

    /** The lifetime of service addresses goes on only while the group is up for certain (design section 4). */
    private void refreshAddresses(ClusterStatus status) {
        Set<String> up = status.groups().stream().filter(group -> group.word().equals("up")).map(GroupStatus::name).collect(Collectors.toSet());
        up.forEach(members::refresh);
        rivals.turn(up, System.nanoTime());
    }

    /** What both nodes have is the newest there is: a witness that knows it refuses who was away when it was made. */
    private void tellWitnesses(ClusterStatus status) {
        boolean together = !status.resources().isEmpty() && status.resources().stream()
                .allMatch(each -> each.connected() && each.disk() == DiskState.UP_TO_DATE && each.peerDisk() == DiskState.UP_TO_DATE);
        if (together) proofs.nodesAreEqual(generations());
    }

    private List<String> notCovered() {
        return provers.stream().map(prover -> prover.name() + (prover.notCovered().isEmpty() ? "" : " (does not cover: " + prover.notCovered() + ")"))
                .toList();
    }

    /** No clean-up that could wait: the process ends here, what runs is left to the next daemon. */
    @Override
    public void halt(String why) {
        halted = true;
        Runtime.getRuntime().halt(70);
    }

    // ---- what the shells tell

    private final class LinkListener implements ReplicatorLink.Listener {
        @Override
        public void seen(List<ResourceView> resources) {
            loop.post(new Event.ReplicatorSeen(resources));
        }

        @Override
        public void gone(boolean certain, String why) {
            loop.post(new Event.ReplicatorGone(certain, why));
        }

        @Override
        public void halted(String resource, String event, long bootNanos) {
            loop.post(new Event.ReplicatorHalted(resource, event, bootNanos));
        }

        @Override
        public void answered(long order, boolean done, String detail) {
            loop.post(new Event.OrderAnswered(order, done, detail));
        }
    }

    private void checkChanged(CheckHistory.Change change) {
        CheckConfig check = change.check();
        String found = change.detail().isEmpty() ? "" : ": " + change.detail();
        String text = "Check " + check.name() + (change.failed() ? " fails" : " is good again") + found;
        LOG.warn("{}", text);
        notify(change.failed() ? Notification.Kind.CHECK_FAILED : Notification.Kind.CHECK_RECOVERED, check.group(), text);
        if (check.consequence() == CheckConfig.Consequence.NOTIFY) return;
        for (GroupConfig group : config.groups()) {
            boolean concerned = check.group().isEmpty() || check.group().get().equals(group.name());
            String why = change.failed() ? change.detail().isEmpty() ? "it fails" : change.detail() : "";
            if (concerned) loop.post(new Event.CheckChanged(group.name(), check.name(), why));
        }
    }

    /** What checks ask of the daemon; from the status of the last second. */
    private final class DaemonView implements ClusterView {
        @Override
        public OptionalLong peerClockAheadMillis() {
            ClusterStatus status = lastStatus;
            return status == null ? OptionalLong.empty() : status.peerClockAheadMillis();
        }

        @Override
        public CheckResult replication(Optional<String> group) {
            ClusterStatus status = lastStatus;
            if (status == null) return CheckResult.unknown("the status is not known yet");
            List<String> bad = new ArrayList<>();
            for (ResourceView resource : status.resources()) {
                boolean concerned = group.isEmpty() || config.groups().stream().filter(each -> each.name().equals(group.get()))
                        .anyMatch(each -> each.members().stream().anyMatch(member -> member instanceof MemberConfig.Resource(var name, var start, var stop)
                                && name.equals(resource.name())));
                boolean good = resource.connected() && resource.disk() == DiskState.UP_TO_DATE && resource.peerDisk() == DiskState.UP_TO_DATE;
                if (concerned && !good) {
                    bad.add("resource " + resource.name() + " is " + (resource.connected() ? "connected, " : "not connected, ")
                            + resource.disk().displayName() + "/" + resource.peerDisk().displayName());
                }
            }
            return bad.isEmpty() ? CheckResult.good("connected and UpToDate") : CheckResult.bad(String.join("; ", bad));
        }

        @Override
        public List<InetAddress> pingTargets() {
            return ping().map(ProofConfig.Ping::targets).orElse(List.of());
        }

        @Override
        public int pingQuorum() {
            return ping().map(ProofConfig.Ping::quorum).orElse(1);
        }

        private Optional<ProofConfig.Ping> ping() {
            return config.proofs().stream().filter(ProofConfig.Ping.class::isInstance).map(ProofConfig.Ping.class::cast).findFirst();
        }
    }

    // ---- what duett cluster asks

    private ClusterRequest.Answer answer(ClusterRequest request) throws InterruptedException {
        try {
            return switch (request) {
                case ClusterRequest.Status(boolean json) -> {
                    ClusterStatus status = loop.look((machine, liveness) -> ClusterStatus.of(config, notCovered(), machine, liveness)).get();
                    yield new ClusterRequest.Answer(true, json ? StatusJson.of(status) : StatusText.of(status));
                }
                case ClusterRequest.Check(String asked) -> check(asked);
                case ClusterRequest.Order(OperatorCommand command) -> {
                    if (command instanceof OperatorCommand.Pause(long forNanos)) record.writePause(forNanos);
                    yield loop.ask(command).get();
                }
            };
        } catch (ExecutionException | IOException failed) {
            return new ClusterRequest.Answer(false, "The failover daemon could not do that: " + failed.getMessage());
        }
    }

    private ClusterRequest.Answer check(String asked) throws InterruptedException, ExecutionException {
        ConfigOnDisk.Finding files = onDisk.look(asked);
        List<String> lines = new ArrayList<>(files.lines());
        lines.addAll(ClusterTimes.of(config).lines());
        notCovered().forEach(proof -> lines.add("proof " + proof));
        lines.addAll(members.ways());
        AddressNetworks.warnings(config.groups()).forEach(warning -> lines.add("WARNING: " + warning));
        List<String> complaints = new ArrayList<>(files.problems());
        complaints.addAll(members.rehearse());
        complaints.addAll(rivals.complaints());
        if (!recorder.trouble().isEmpty()) complaints.add(recordTrouble(recorder.trouble()));
        complaints.addAll(paths.troubles());
        complaints.addAll(loop.look((machine, _) -> machine.troubles()).get());
        for (CheckRunner.Standing standing : checks.standing()) {
            if (standing.failed()) complaints.add("check " + standing.check().name() + " fails: " + standing.last().detail());
        }
        if (complaints.isEmpty()) lines.add("All that a takeover needs is there.");
        complaints.forEach(complaint -> lines.add("PROBLEM: " + complaint));
        return new ClusterRequest.Answer(complaints.isEmpty(), String.join("\n", lines) + "\n");
    }

    /** The daemon ends; groups go on running, and the next daemon takes them over, unless it has left and handed them over. */
    @Override
    public void close() {
        ClusterStatus status = lastStatus;
        LOG.info("the failover daemon ends; {}", LastWords.of(config, status == null ? List.of() : status.groups(), left.getCount() == 0));
        try {
            socket.close();
        } catch (IOException failed) {
            LOG.debug("cluster socket: {}", failed.toString());
        }
        loop.close();
        link.close();
        checks.close();
        members.close();
        rivals.close();
        proofs.close();
        notifier.close();
        paths.close();
        watchdog.ifPresent(WatchdogFeeder::close);
        recorder.close();
        errands.shutdownNow();
    }
}
