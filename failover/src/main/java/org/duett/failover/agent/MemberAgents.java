package org.duett.failover.agent;

import java.nio.file.Path;
import org.duett.failover.config.MemberConfig;

/** Makes the agent for each kind of member. Resources have none: the machine orders their promotion itself. */
public final class MemberAgents {
    private final Path runDirectory;
    private final Path replicatorSocket;

    /** {@code runDirectory}: of the failover daemon; pid files and outputs of programs are kept there. */
    public MemberAgents(Path runDirectory, Path replicatorSocket) {
        this.runDirectory = runDirectory.toAbsolutePath();
        this.replicatorSocket = replicatorSocket.toAbsolutePath();
    }

    public MemberAgent of(MemberConfig member) {
        return switch (member) {
            case MemberConfig.Resource resource -> throw new IllegalArgumentException(resource.label() + " is promoted by the machine, not by an agent");
            case MemberConfig.Device device -> new DeviceAgent(device, replicatorSocket);
            case MemberConfig.Filesystem filesystem -> new FilesystemAgent(filesystem, replicatorSocket.getParent(), runDirectory);
            case MemberConfig.Address address -> AddressAgent.of(address);
            case MemberConfig.Link link -> new LinkAgent(link);
            case MemberConfig.Program program -> of(program);
        };
    }

    private MemberAgent of(MemberConfig.Program program) {
        Path folder = runDirectory.resolve("programs");
        return switch (program.kind()) {
            case MemberConfig.ProgramKind.Systemd(String unit) -> new SystemdAgent(unit, program);
            case MemberConfig.ProgramKind.Ocf ocf -> new OcfAgent(ocf, program, folder);
            case MemberConfig.ProgramKind.Lsb(Path script) -> new LsbAgent(script, program, folder);
            case MemberConfig.ProgramKind.Command command -> new CommandAgent(command, program, folder);
        };
    }
}
