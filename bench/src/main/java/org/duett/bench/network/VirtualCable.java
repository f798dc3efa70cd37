package org.duett.bench.network;

import java.util.concurrent.atomic.AtomicInteger;
import org.duett.bench.host.HostCommand;

/**
 * A crossover cable between two namespaces: a veth pair with an address at each end, and the faults that it can be given.
 * It goes with its namespaces.
 *
 * <p>A frame is lost where it would arrive, by an nftables chain on the receiver's ingress: ARP is lost with it, as on a
 * real cable, and what the sender sees is a send that succeeded.
 */
public final class VirtualCable {

    private static final AtomicInteger COUNTER = new AtomicInteger();
    private static final String LOSS_TABLE = "duett_loss";

    /** One end: the machine, its interface, its address. */
    public record End(Namespace namespace, String interfaceName, String address) {
    }

    private final End first;
    private final End second;

    private VirtualCable(End first, End second) {
        this.first = first;
        this.second = second;
    }

    /** Lays a cable, in a subnet of its own, and plugs it in. */
    public static VirtualCable between(Namespace first, Namespace second) {
        int number = COUNTER.incrementAndGet();
        assert number < 250 * 250 : "more cables than subnets";
        String subnet = "10." + (100 + number / 250) + "." + number % 250;
        var cable = new VirtualCable(new End(first, "cable" + number + "a", subnet + ".1"),
                new End(second, "cable" + number + "b", subnet + ".2"));
        HostCommand.must("ip", "link", "add", cable.first.interfaceName, "netns", first.name(), "type", "veth", "peer",
                "name", cable.second.interfaceName, "netns", second.name());
        prepare(cable.first);
        prepare(cable.second);
        return cable;
    }

    private static void prepare(End end) {
        // No IPv6: its router solicitations would make a silent cable talk.
        end.namespace.ip("link", "set", end.interfaceName, "addrgenmode", "none");
        end.namespace.ip("addr", "add", end.address + "/24", "dev", end.interfaceName);
        end.namespace.ip("link", "set", end.interfaceName, "up");
    }

    public String addressOf(Namespace namespace) {
        return endIn(namespace).address;
    }

    public String interfaceNameIn(Namespace namespace) {
        return endIn(namespace).interfaceName;
    }

    public End endIn(Namespace namespace) {
        if (namespace.equals(first.namespace)) {
            return first;
        }
        if (namespace.equals(second.namespace)) {
            return second;
        }
        throw new IllegalArgumentException("this cable does not end in " + namespace);
    }

    /** Gives the cable the fault, in addition to those it has; {@link #heal} takes all of them away. */
    public void apply(LinkFault fault) {
        switch (fault) {
            case LinkFault.CableOut() -> pull();
            case LinkFault.Silent() -> silence();
            case LinkFault.OneWay(var lostFrom) -> loseWhatIsSentBy(lostFrom);
            case LinkFault.Slow(var bytesPerSecond) -> slow(bytesPerSecond);
        }
    }

    /** Both ends lose their carrier. */
    public void pull() {
        pullAt(first.namespace);
        pullAt(second.namespace);
    }

    /** One end is taken down by its administrator; the other sees its carrier go, but stays up. */
    public void pullAt(Namespace namespace) {
        setLink(endIn(namespace), "down");
    }

    /** Plugs both ends in again; other faults stay. */
    public void replug() {
        setLink(first, "up");
        setLink(second, "up");
    }

    /** Nothing passes, the carrier stays. */
    public void silence() {
        loseWhatIsSentBy(first.namespace);
        loseWhatIsSentBy(second.namespace);
    }

    /** One way only: the sender's frames are lost, those for it arrive. */
    public void loseWhatIsSentBy(Namespace sender) {
        End receiver = sender.equals(first.namespace) ? second : first;
        assert !receiver.equals(endIn(sender));
        receiver.namespace.nft("add table netdev " + tableOf(receiver) + "; add chain netdev " + tableOf(receiver)
                + " lost { type filter hook ingress device " + receiver.interfaceName + " priority 0; policy drop; }");
    }

    /** Limits each direction. A burst of 64 KiB passes at full speed: token buckets need one of a large segment. */
    public void slow(long bytesPerSecond) {
        limit(first, bytesPerSecond);
        limit(second, bytesPerSecond);
    }

    /** The cable is as new. */
    public void heal() {
        for (End end : new End[]{first, second}) {
            end.namespace.run("nft", "delete table netdev " + tableOf(end)); // fails when there is none
            end.namespace.run("tc", "qdisc", "del", "dev", end.interfaceName, "root"); // likewise
        }
        replug();
    }

    private static String tableOf(End end) {
        return LOSS_TABLE + "_" + end.interfaceName;
    }

    private static void limit(End end, long bytesPerSecond) {
        // tc's "bps" is bytes per second. The queue holds a second's worth, as a slow line's buffers would.
        end.namespace.tc("qdisc", "replace", "dev", end.interfaceName, "root", "tbf", "rate", bytesPerSecond + "bps",
                "burst", "64kb", "latency", "1s");
    }

    private static void setLink(End end, String state) {
        end.namespace.ip("link", "set", end.interfaceName, state);
    }
}
