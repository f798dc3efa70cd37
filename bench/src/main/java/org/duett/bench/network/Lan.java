package org.duett.bench.network;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.duett.bench.host.HostCommand;

/**
 * A local network: a switch, which is a bridge in a namespace of its own, and the machines that are plugged into it, each with an address
 * of IPv4 and of IPv6. The switch has addresses, too, which answer pings while it lives.
 */
public final class Lan implements AutoCloseable {

    private static final AtomicInteger COUNTER = new AtomicInteger();
    private static final String BRIDGE = "switch";
    private static final String LOSS_TABLE = "duett_loss";
    private static final int PING_NODE = 254;

    private record Plug(int number, String interfaceName, String portName) {
    }

    private final int number;
    private final Namespace room = Namespace.create();
    private final Map<Namespace, Plug> plugs = new HashMap<>();

    private Lan() {
        number = COUNTER.incrementAndGet();
        assert number < 250 : "more networks than subnets";
    }

    /** The switch alone. */
    public static Lan create() {
        var lan = new Lan();
        lan.room.ip("link", "add", BRIDGE, "type", "bridge", "forward_delay", "0", "mcast_snooping", "0");
        lan.room.ip("link", "set", BRIDGE, "up");
        lan.giveAddresses(lan.room, BRIDGE, PING_NODE);
        return lan;
    }

    /** Lays a cable from the machine to the switch and gives the machine its addresses. */
    public void plugIn(Namespace machine) {
        int plugNumber = plugs.size() + 1;
        var plug = new Plug(plugNumber, "lan" + number, "port" + plugNumber);
        HostCommand.must("ip", "link", "add", plug.interfaceName, "netns", machine.name(), "type", "veth", "peer", "name", plug.portName,
                "netns", room.name());
        machine.ip("link", "set", plug.interfaceName, "addrgenmode", "none");
        room.ip("link", "set", plug.portName, "addrgenmode", "none");
        room.ip("link", "set", plug.portName, "master", BRIDGE);
        room.ip("link", "set", plug.portName, "up");
        machine.ip("link", "set", plug.interfaceName, "up");
        giveAddresses(machine, plug.interfaceName, plugNumber);
        plugs.put(machine, plug);
    }

    private void giveAddresses(Namespace machine, String interfaceName, int host) {
        machine.ip("addr", "add", address(host) + "/24", "dev", interfaceName);
        // Nobody else is there; to wait for the answer of one would only make tests slow.
        machine.ip("addr", "add", address6(host) + "/64", "dev", interfaceName, "nodad");
    }

    public String addressOf(Namespace machine) {
        return address(plugs.get(machine).number);
    }

    public String address6Of(Namespace machine) {
        return address6(plugs.get(machine).number);
    }

    public String interfaceNameIn(Namespace machine) {
        return plugs.get(machine).interfaceName;
    }

    /** An address of this network: 1 and up are the machines in the order in which they were plugged in, 254 is the switch. */
    public String address(int host) {
        return "10.90." + number + "." + host;
    }

    public String address6(int host) {
        return "fd90:" + number + "::" + host;
    }

    /** Answers pings. */
    public String pingNode() {
        return address(PING_NODE);
    }

    /** The machine's cable is out: it sees its carrier go, and so does the switch. */
    public void unplug(Namespace machine) {
        room.ip("link", "set", plugs.get(machine).portName, "down");
    }

    /** Nothing from the machine and nothing to it passes any more, and neither end can see that. */
    public void silence(Namespace machine) {
        lose(room, plugs.get(machine).portName);
        lose(machine, plugs.get(machine).interfaceName);
    }

    /** What the machine sends is lost, what it is sent arrives. */
    public void loseWhatIsSentBy(Namespace machine) {
        lose(room, plugs.get(machine).portName);
    }

    private static void lose(Namespace receiver, String interfaceName) {
        String table = LOSS_TABLE + "_" + interfaceName;
        receiver.nft("add table netdev " + table + "; add chain netdev " + table + " lost { type filter hook ingress device " + interfaceName
                + " priority 0; policy drop; }");
    }

    /** The switch answers no ping any more; the others still reach one another. */
    public void losePingNode() {
        room.ip("link", "set", BRIDGE, "arp", "off");
        room.ip("addr", "flush", "dev", BRIDGE);
    }

    public void restorePingNode() {
        room.ip("link", "set", BRIDGE, "arp", "on");
        giveAddresses(room, BRIDGE, PING_NODE);
    }

    /** The machine's cable is as new. */
    public void heal(Namespace machine) {
        Plug plug = plugs.get(machine);
        room.run("nft", "delete table netdev " + LOSS_TABLE + "_" + plug.portName); // fails when there is none
        machine.run("nft", "delete table netdev " + LOSS_TABLE + "_" + plug.interfaceName); // likewise
        room.ip("link", "set", plug.portName, "up");
    }

    @Override
    public void close() {
        room.close();
    }
}
