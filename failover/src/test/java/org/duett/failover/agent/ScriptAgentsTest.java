package org.duett.failover.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.duett.failover.config.MemberConfig.ProgramKind;
import org.duett.failover.group.MemberOutcome;
import org.duett.failover.group.MemberState;
import org.duett.failover.group.MemberState.Kind;
import org.duett.replicator.command.ProcessIdentity;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** OCF agents, init scripts and systemctl, as scripts of the test's own: how they are called, and what their answers mean. */
class ScriptAgentsTest {
    private static final int LONG_MILLIS = 60_000;

    @TempDir
    Path folder;

    private OcfAgent ocf(String script, int timeoutMillis) {
        Scripts.executable(folder.resolve("ocf/resource.d/heartbeat/shop"), script);
        var kind = new ProgramKind.Ocf("heartbeat", "shop", Map.of("port", "8080"));
        return new OcfAgent(kind, Scripts.program(kind, timeoutMillis), folder.resolve("run"), folder.resolve("ocf"));
    }

    private LsbAgent lsb(String script) {
        Path file = Scripts.executable(folder.resolve("init"), script);
        return new LsbAgent(file, Scripts.program(new ProgramKind.Lsb(file), LONG_MILLIS), folder.resolve("run"), new ShutdownOrder("systemctl", folder.resolve("no-systemd")));
    }

    private LsbAgent lsbUnderSystemd(String systemctl) throws IOException {
        Path file = Scripts.executable(folder.resolve("till"), "exit 0");
        Path told = Scripts.executable(folder.resolve("systemctl"), "echo \"$@\" >> " + folder.resolve("calls") + "\n" + systemctl);
        Files.createDirectories(folder.resolve("units"));
        return new LsbAgent(file, Scripts.program(new ProgramKind.Lsb(file), LONG_MILLIS), folder.resolve("run"),
                new ShutdownOrder(told.toString(), folder.resolve("units")));
    }

    private SystemdAgent systemd(String script) {
        Path file = Scripts.executable(folder.resolve("systemctl"), "echo \"$@\" >> " + folder.resolve("calls") + "\n" + script);
        return new SystemdAgent("shop.service", Scripts.program(new ProgramKind.Systemd("shop.service"), LONG_MILLIS), file.toString(), new ShutdownOrder(file.toString(), folder.resolve("units")), folder);
    }

    /** It was unclean, as nobody knew whether its program ran. */
    @Test
    void onAMachineWithoutSystemdNothingOfAUnitRunsAndTheReasonIsSaid() throws Exception {
        Path file = Scripts.executable(folder.resolve("systemctl"), "echo 'System has not been booted with systemd as init system (PID 1).' >&2; exit 1");
        var agent = new SystemdAgent("shop.service", Scripts.program(new ProgramKind.Systemd("shop.service"), LONG_MILLIS), file.toString(),
                new ShutdownOrder(file.toString(), folder.resolve("units")), folder.resolve("no-systemd"));
        assertThat(agent.probe().kind()).isEqualTo(Kind.STOPPED);
        assertThat(agent.stop(true).done()).isTrue();
        assertThat(agent.start().detail()).contains("this machine does not run systemd");
        assertThat(agent.rehearse()).startsWith("this machine does not run systemd, so it has no unit shop.service");
    }

    private static String shows(String load, String active, String sub, String file) {
        return "[ $1 != show ] || printf 'Id=shop.service\\nLoadState=" + load + "\\nActiveState=" + active + "\\nSubState=" + sub + "\\nResult=exit-code\\nUnitFileState=" + file + "\\n'\n";
    }

    // ---- OCF

    @Test
    void theExitCodesOfAnOcfMonitorAreUnderstood() throws Exception {
        Map<Integer, Kind> meanings = Map.of(0, Kind.RUNNING, 8, Kind.RUNNING, 190, Kind.RUNNING, 7, Kind.STOPPED, 1, Kind.BROKEN, 9, Kind.BROKEN, 5,
                Kind.UNKNOWN, 3, Kind.UNKNOWN);
        for (var each : meanings.entrySet()) {
            assertThat(ocf("[ $1 = monitor ] && exit " + each.getKey(), LONG_MILLIS).probe().kind()).as("exit code " + each.getKey()).isEqualTo(each.getValue());
        }
    }

    @Test
    void anOcfAgentGetsItsParametersInItsEnvironment() throws Exception {
        OcfAgent agent = ocf("env > " + folder.resolve("env") + "; echo $1 >> " + folder.resolve("env"), LONG_MILLIS);
        assertThat(agent.rehearse()).isEmpty();
        assertThat(agent.start()).isEqualTo(MemberOutcome.DONE);
        assertThat(Files.readAllLines(folder.resolve("env"))).contains("OCF_RESKEY_port=8080", "OCF_RESOURCE_INSTANCE=shop", "OCF_ROOT=" + folder.resolve("ocf"),
                "OCF_RESKEY_CRM_meta_timeout=" + LONG_MILLIS, "start");
        agent.stop(false);
        assertThat(Files.readAllLines(folder.resolve("env"))).contains("stop");
    }

    @Test
    void anOcfAgentThatFailsOrHangsIsTold() throws Exception {
        assertThat(ocf("echo no disk; exit 1", LONG_MILLIS).start().detail()).contains("exit code 1").contains("no disk");

        OcfAgent hangs = ocf("echo $$ > " + folder.resolve("pid") + "; sleep 1000 & wait", 2000);
        assertThat(hangs.stop(false).detail()).contains("did not end in its time");
        long pid = Long.parseLong(Files.readString(folder.resolve("pid")).strip());
        assertThat(ProcessIdentity.of(pid).map(left -> left.awaitEnd(LONG_MILLIS)).orElse(true)).as("it was ended").isTrue();
        assertThat(hangs.probe().kind()).isEqualTo(Kind.UNKNOWN);
    }

    @Test
    void anAgentThatIsNotInstalledIsSeenInTheRehearsal() {
        var kind = new ProgramKind.Ocf("heartbeat", "absent", Map.of());
        assertThat(new OcfAgent(kind, Scripts.program(kind, LONG_MILLIS), folder, folder).rehearse()).contains("absent is not there");
    }

    @Test
    void aProgramWhoseScriptIsNotThereDoesNotRunHereAndNeedsNoStop() throws Exception {
        var kind = new ProgramKind.Lsb(folder.resolve("absent"));
        var agent = new LsbAgent(folder.resolve("absent"), Scripts.program(kind, LONG_MILLIS), folder.resolve("run"), new ShutdownOrder("systemctl", folder.resolve("no-systemd")));
        assertThat(agent.probe().kind()).isEqualTo(Kind.STOPPED);
        assertThat(agent.stop(false)).isEqualTo(MemberOutcome.DONE);
        assertThat(agent.stop(true)).isEqualTo(MemberOutcome.DONE);
        assertThat(agent.start().done()).isFalse();

        Scripts.executable(folder.resolve("absent"), "[ $1 = status ] && exit 3");
        assertThat(agent.probe()).isEqualTo(MemberState.STOPPED);
        Files.delete(folder.resolve("absent"));
        assertThat(agent.probe().kind()).as("what it had started may run").isEqualTo(Kind.UNKNOWN);
        assertThat(agent.stop(true).done()).isFalse();
    }

    // ---- LSB

    @Test
    void theExitCodesOfAnInitScriptsStatusAreUnderstood() throws Exception {
        Map<Integer, Kind> meanings = Map.of(0, Kind.RUNNING, 1, Kind.BROKEN, 2, Kind.BROKEN, 3, Kind.STOPPED, 4, Kind.UNKNOWN);
        for (var each : meanings.entrySet()) {
            assertThat(lsb("[ $1 = status ] && exit " + each.getKey()).probe().kind()).as("exit code " + each.getKey()).isEqualTo(each.getValue());
        }
    }

    @Test
    void theUnitThatSystemdMakesOfAnInitScriptIsStoppedAfterTheDaemonAtAShutdown() throws Exception {
        String generated = "[ $1 != show ] || printf 'Id=till.service\\nLoadState=loaded\\n'\n";
        assertThat(lsbUnderSystemd(generated + "[ $1 != is-enabled ] || exit 1").rehearse()).isEmpty();
        assertThat(folder.resolve("units/till.service.d/50-duett.conf")).content().contains("\nBefore=duett-programs.target\n");
        assertThat(Files.readAllLines(folder.resolve("calls"))).containsOnlyOnce("daemon-reload").contains("show --property Id,LoadState till.service");
        assertThat(lsbUnderSystemd(generated).rehearse()).contains("at boot").contains("systemctl disable till.service");
    }

    @Test
    void anInitScriptThatSystemdMakesNoUnitOfNeedsNoOrder() throws Exception {
        assertThat(lsbUnderSystemd("[ $1 != show ] || printf 'Id=till.service\\nLoadState=not-found\\n'").rehearse()).isEmpty();
        assertThat(folder.resolve("units/till.service.d")).doesNotExist();
    }

    @Test
    void anInitScriptStartsAndStops() throws Exception {
        LsbAgent agent = lsb("case $1 in start) touch " + folder.resolve("up") + ";; stop) rm " + folder.resolve("up") + ";; status) [ -e "
                + folder.resolve("up") + " ] || exit 3;; esac");
        assertThat(agent.start()).isEqualTo(MemberOutcome.DONE);
        assertThat(agent.probe()).isEqualTo(MemberState.RUNNING);
        assertThat(agent.stop(false)).isEqualTo(MemberOutcome.DONE);
        assertThat(agent.probe()).isEqualTo(MemberState.STOPPED);
    }

    // ---- systemd

    @Test
    void theStatesOfAUnitAreUnderstood() throws Exception {
        assertThat(systemd(shows("loaded", "active", "running", "disabled")).probe()).isEqualTo(MemberState.RUNNING);
        assertThat(systemd(shows("loaded", "inactive", "dead", "disabled")).probe()).isEqualTo(MemberState.STOPPED);
        assertThat(systemd(shows("loaded", "failed", "failed", "disabled")).probe().kind()).isEqualTo(Kind.BROKEN);
        assertThat(systemd(shows("loaded", "activating", "auto-restart", "disabled")).probe().kind()).isEqualTo(Kind.BROKEN);
        assertThat(systemd(shows("loaded", "deactivating", "stop", "disabled")).probe().kind()).isEqualTo(Kind.UNKNOWN);
        assertThat(systemd(shows("not-found", "active", "running", "")).probe().kind()).as("its file was removed while it ran").isEqualTo(Kind.UNKNOWN);
        assertThat(systemd("exit 1").probe().kind()).isEqualTo(Kind.UNKNOWN);
    }

    @Test
    void aUnitThatThereIsNotDoesNotRunHereAndNeedsNoStopAndIsSeenInTheRehearsal() throws Exception {
        SystemdAgent agent = systemd(shows("not-found", "inactive", "dead", "") + "[ $1 = show ] || exit 5");
        assertThat(agent.probe().kind()).isEqualTo(Kind.STOPPED);
        assertThat(agent.stop(false)).isEqualTo(MemberOutcome.DONE);
        assertThat(agent.start().done()).isFalse();
        assertThat(agent.rehearse()).contains("no usable unit shop.service (not-found)");
    }

    @Test
    void aUnitThatFailedIsResetBeforeItIsStarted() throws Exception {
        assertThat(systemd(shows("loaded", "failed", "failed", "disabled")).start()).isEqualTo(MemberOutcome.DONE);
        assertThat(Files.readAllLines(folder.resolve("calls"))).containsSubsequence("reset-failed shop.service", "start shop.service");
    }

    @Test
    void aUnitThatSystemdWouldStartOnBothNodesIsSeenInTheRehearsal() {
        assertThat(systemd(shows("loaded", "inactive", "dead", "enabled")).rehearse()).contains("systemctl disable shop.service");
        assertThat(systemd(shows("loaded", "inactive", "dead", "disabled")).rehearse()).isEmpty();
    }

    @Test
    void aUnitIsStoppedAfterTheDaemonWhenTheMachineShutsDown() throws Exception {
        SystemdAgent agent = systemd(shows("loaded", "inactive", "dead", "disabled"));
        assertThat(agent.rehearse()).isEmpty();
        assertThat(folder.resolve("units/shop.service.d/50-duett.conf")).content().contains("\nBefore=duett-programs.target\n");
        assertThat(agent.rehearse()).isEmpty();
        assertThat(Files.readAllLines(folder.resolve("calls"))).containsOnlyOnce("daemon-reload");
    }

    @Test
    void theDaemonStopsAUnitAtOnceWhileTheMachineShutsDown() throws Exception {
        assertThat(systemd(shows("loaded", "inactive", "dead", "disabled")).stop(false)).isEqualTo(MemberOutcome.DONE);
        assertThat(Files.readAllLines(folder.resolve("calls"))).contains("stop shop.service");
        systemd("[ $1 != is-system-running ] || echo stopping\n" + shows("loaded", "inactive", "dead", "disabled")).stop(false);
        assertThat(Files.readAllLines(folder.resolve("calls"))).contains("stop --job-mode=ignore-dependencies shop.service");
    }

    @Test
    void aUnitThatStillRunsAfterItsStopIsNotStopped() throws Exception {
        assertThat(systemd(shows("loaded", "active", "running", "disabled")).stop(false).done()).isFalse();
        assertThat(systemd(shows("loaded", "inactive", "dead", "disabled")).stop(true)).isEqualTo(MemberOutcome.DONE);
        assertThat(Files.readAllLines(folder.resolve("calls"))).contains("kill --signal=SIGKILL shop.service");
    }
}
