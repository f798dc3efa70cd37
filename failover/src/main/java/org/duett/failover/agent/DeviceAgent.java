package org.duett.failover.agent;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import org.duett.failover.config.MemberConfig;
import org.duett.failover.group.MemberOutcome;
import org.duett.failover.group.MemberState;
import org.duett.replicator.config.FileNames;
import org.duett.replicator.control.ControlClient;
import org.duett.replicator.control.ServedTerm;
import org.duett.replicator.device.AttachedDevice;
import org.duett.replicator.device.BlockDevices;
import org.duett.replicator.device.DeviceRefused;
import org.duett.replicator.device.Export;

/** A volume as a block device of this host. */
final class DeviceAgent implements MemberAgent {
    private final MemberConfig.Device config;
    private final Path replicatorSocket;
    private final BlockDevices devices;

    DeviceAgent(MemberConfig.Device config, Path replicatorSocket) {
        this.config = config;
        this.replicatorSocket = replicatorSocket;
        devices = new BlockDevices(replicatorSocket.getParent());
    }

    @Override
    public MemberState probe() {
        try {
            Optional<AttachedDevice> attached = devices.find(config.resource(), config.volume());
            if (attached.isEmpty()) return MemberState.STOPPED;
            Optional<String> trouble = attached.get().trouble();
            if (trouble.isPresent()) return MemberState.broken(trouble.get());
            return termIsServedOrUnknown(attached.get()) ? MemberState.RUNNING
                    : MemberState.broken("it is attached in term " + attached.get().termText() + ", which is over");
        } catch (IOException damaged) {
            return MemberState.broken(damaged.getMessage());
        }
    }

    /** A replicator that is being restarted does not break the device: what it was asked for waits. */
    private boolean termIsServedOrUnknown(AttachedDevice attached) {
        try {
            OptionalLong served = servedTerm();
            return served.isEmpty() || served.getAsLong() == attached.term();
        } catch (IOException away) {
            return true;
        }
    }

    private OptionalLong servedTerm() throws IOException {
        try (ControlClient client = ControlClient.connect(replicatorSocket)) {
            return ServedTerm.ask(client, config.resource());
        }
    }

    @Override
    public MemberOutcome start() throws InterruptedException {
        try {
            OptionalLong term = servedTerm();
            if (term.isEmpty()) return MemberOutcome.failed("resource " + config.resource() + " is not Primary here");
            Path socket = FileNames.nbdSocket(replicatorSocket.getParent(), config.resource());
            devices.attach(new Export(config.resource(), config.volume(), term.getAsLong(), socket), config.startTimeoutMillis());
            return MemberOutcome.DONE;
        } catch (IOException away) {
            return MemberOutcome.failed("the replicator does not answer on " + replicatorSocket + ": " + away.getMessage());
        } catch (DeviceRefused refused) {
            return MemberOutcome.failed(refused.getMessage());
        }
    }

    @Override
    public MemberOutcome stop(boolean force) throws InterruptedException {
        try {
            devices.detach(config.resource(), config.volume(), force, config.stopTimeoutMillis());
            return MemberOutcome.DONE;
        } catch (DeviceRefused refused) {
            return MemberOutcome.failed(refused.getMessage());
        }
    }

    @Override
    public String way() {
        try {
            return "made a block device by " + BlockDevices.way();
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
            return "";
        }
    }

    @Override
    public String rehearse() {
        try {
            servedTerm();
        } catch (IOException away) {
            // It may be started later than we are; how it is asked is loaded now.
        }
        try {
            return BlockDevices.rehearse().orElse("");
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
            return "";
        }
    }
}
