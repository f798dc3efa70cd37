package org.duett.ittests.agent;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.duett.bench.host.JavaProgram;
import org.duett.bench.network.Namespace;
import org.duett.failover.agent.MemberAgent;
import org.duett.failover.agent.MemberAgents;
import org.duett.failover.config.MemberConfig;

/** An agent of a service address in a JVM of its own, which lives in a namespace as a whole: it looks at its own interfaces. */
final class AddressAgentProcess implements AutoCloseable {

    private static final List<String> SHORT_LIFE = List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1");

    private final Process process;
    private final BufferedReader answers;

    AddressAgentProcess(Namespace namespace, String address, int prefixLength, String networkInterface, int lifetimeSeconds) {
        process = namespace.start(new ProcessBuilder(JavaProgram.command(AddressAgentProcess.class.getName(), SHORT_LIFE, address,
                Integer.toString(prefixLength), networkInterface, Integer.toString(lifetimeSeconds)))
                .redirectError(ProcessBuilder.Redirect.INHERIT));
        answers = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    }

    /** probe, start, stop, refresh, rehearse, rival: what the agent answered, as text. */
    String ask(String what) {
        try {
            process.getOutputStream().write((what + "\n").getBytes(StandardCharsets.UTF_8));
            process.getOutputStream().flush();
            return answers.readLine();
        } catch (IOException e) {
            throw new UncheckedIOException("the agent's process is gone", e);
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }

    public static void main(String[] arguments) throws Exception {
        var config = new MemberConfig.Address(InetAddress.getByName(arguments[0]), Integer.parseInt(arguments[1]), arguments[2],
                Integer.parseInt(arguments[3]), 60_000, 60_000);
        MemberAgent agent = new MemberAgents(Path.of("/nowhere"), Path.of("/nowhere/control.sock")).of(config);
        var questions = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String question = questions.readLine(); question != null; question = questions.readLine()) {
            System.out.println(switch (question) {
                case "probe" -> agent.probe();
                case "start" -> agent.start();
                case "stop" -> agent.stop(false);
                case "refresh" -> {
                    agent.refresh();
                    yield "refreshed";
                }
                case "rehearse" -> agent.rehearse();
                case "rival" -> agent.rival();
                default -> throw new IllegalArgumentException(question);
            });
        }
    }
}
