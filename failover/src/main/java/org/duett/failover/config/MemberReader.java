package org.duett.failover.config;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.duett.failover.heartbeat.HeartbeatCodec;
import org.duett.replicator.config.ConfigException;
import org.duett.replicator.config.HostConfig;
import org.duett.replicator.config.ReplicatorConfig;
import org.duett.replicator.config.ResourceConfig;
import org.duett.replicator.config.Statement;
import org.duett.replicator.config.Token;
import org.duett.replicator.config.VolumeConfig;
import org.duett.replicator.config.WordCursor;

/** Reads the members of one group in order, and refuses an order in which they could not start. */
final class MemberReader {
    static final List<String> KEYWORDS = List.of("resource", "device", "filesystem", "address", "program", "link");

    private static final String RESOURCE = "resource";
    private static final String VOLUME_RULE = "RESOURCE/VOLUME, as in mirror/0";
    private static final List<String> FILE_SYSTEMS = List.of("ext4", "xfs", "ext3", "ext2", "btrfs");
    private static final List<String> TIMES = List.of("start-timeout", "stop-timeout");
    private static final int LONGEST_TIMEOUT_MILLIS = 86_400_000;

    private final String group;
    private final PathReader.Nodes nodes;
    private final ReplicatorConfig replicator;
    private final MemberRequirements requirements;
    private final SectionClaims claims;
    private final List<MemberConfig> members = new ArrayList<>();

    MemberReader(String group, PathReader.Nodes nodes, ReplicatorConfig replicator, MemberRequirements requirements, SectionClaims claims) {
        this.group = group;
        this.nodes = nodes;
        this.replicator = replicator;
        this.requirements = requirements;
        this.claims = claims;
    }

    List<MemberConfig> inOrder() {
        return members;
    }

    void add(Statement statement) throws ConfigException {
        WordCursor words = statement.afterKeyword();
        members.add(switch (statement.keyword().text()) {
            case RESOURCE -> resource(statement, words);
            case "device" -> device(statement, words);
            case "filesystem" -> filesystem(statement, words);
            case "address" -> address(statement, words);
            case "program" -> program(statement, words);
            case "link" -> link(statement, words);
            default -> throw statement.unknownIn(group, KEYWORDS);
        });
    }

    private MemberConfig resource(Statement statement, WordCursor words) throws ConfigException {
        Token name = words.takeWord("the name of a resource");
        SectionStatements section = optionalSection(statement, words, "resource " + name.text(), List.of());
        claims.claim("resource " + name.text(), name.position());
        ResourceConfig resource = replicator.resource(name.text()).orElseThrow(() -> new ConfigException(name.position(),
                "there is no resource " + name.shown(), String.join(", ", replicator.resources().stream().map(ResourceConfig::name).toList())));
        PathReader.nameOfBytes(name, HeartbeatCodec.MOST_NAME_BYTES);
        requirements.check(resource, name.position());
        return new MemberConfig.Resource(name.text(), startTimeout(section, 30_000), stopTimeout(section, 30_000));
    }

    /** A volume as members name it. */
    private record Volume(String resource, int number, String text) {
    }

    private Volume volume(WordCursor words) throws ConfigException {
        Token word = words.takeWord(VOLUME_RULE);
        int slash = word.text().lastIndexOf('/');
        if (slash <= 0 || !word.text().substring(slash + 1).matches("\\d{1,5}")) {
            throw new ConfigException(word.position(), word.shown() + " is not a volume", VOLUME_RULE);
        }
        Volume volume = new Volume(word.text().substring(0, slash), Integer.parseInt(word.text().substring(slash + 1)), word.text());
        boolean resourceStarted = members.stream().anyMatch(member -> member instanceof MemberConfig.Resource it && it.name().equals(volume.resource));
        if (!resourceStarted) {
            throw new ConfigException(word.position(), "resource " + volume.resource + " is not started before its volume " + word.text() + " in " + group,
                    "'resource " + volume.resource + ";' above this line");
        }
        List<Integer> known = replicator.resource(volume.resource).map(ResourceConfig::hosts).orElse(List.of()).stream().map(HostConfig::volumes)
                .flatMap(List::stream).map(VolumeConfig::number).distinct().toList();
        if (!known.contains(volume.number)) {
            throw new ConfigException(word.position(), "resource " + volume.resource + " has no volume " + volume.number,
                    "volume " + String.join(", ", known.stream().map(String::valueOf).toList()));
        }
        return volume;
    }

    private MemberConfig device(Statement statement, WordCursor words) throws ConfigException {
        Volume volume = volume(words);
        SectionStatements section = optionalSection(statement, words, "device " + volume.text, List.of());
        claims.claim("device " + volume.text, statement.position());
        return new MemberConfig.Device(volume.resource, volume.number, startTimeout(section, 20_000), stopTimeout(section, 20_000));
    }

    private MemberConfig filesystem(Statement statement, WordCursor words) throws ConfigException {
        Volume volume = volume(words);
        SectionStatements section = optionalSection(statement, words, "filesystem " + volume.text, List.of("mount-point", "type", "options", "fsck", "on-busy"));
        claims.claim("filesystem " + volume.text, statement.position());
        boolean attached = members.stream().anyMatch(member -> member instanceof MemberConfig.Device it && it.resource().equals(volume.resource) && it.volume() == volume.number);
        if (!attached) {
            throw new ConfigException(statement.position(), "volume " + volume.text + " is not attached before its file system in " + group,
                    "'device " + volume.text + ";' above this line");
        }
        Path mountPoint = section.path("mount-point", "a directory").orElseThrow(() -> section.missing("mount-point", "mount-point /srv;")).normalize();
        claims.claim("mount point " + mountPoint, section.positionOf("mount-point"));
        for (MemberConfig earlier : members) {
            if (earlier instanceof MemberConfig.Filesystem it && it.mountPoint().startsWith(mountPoint)) {
                throw new ConfigException(section.positionOf("mount-point"), mountPoint + " would be mounted over " + it.mountPoint() + ", which is mounted before it",
                        "the outer file system first");
            }
        }
        Token type = section.word("type", String.join(", ", FILE_SYSTEMS)).orElseThrow(() -> section.missing("type", "type ext4;"));
        if (!FILE_SYSTEMS.contains(type.text())) {
            throw new ConfigException(type.position(), type.shown() + " is not a file system for one node", String.join(", ", FILE_SYSTEMS));
        }
        return new MemberConfig.Filesystem(volume.resource, volume.number, mountPoint, type.text(), mountOptions(section),
                section.choice("fsck", MemberConfig.FsckPolicy.PREEN), section.choice("on-busy", MemberConfig.OnBusy.KILL),
                startTimeout(section, 60_000), stopTimeout(section, 30_000));
    }

    /** {@code options noatime nodiratime;} and {@code options "noatime,nodiratime";} say the same. */
    private static List<String> mountOptions(SectionStatements section) throws ConfigException {
        Optional<Statement> statement = section.find("options");
        if (statement.isEmpty()) return List.of();
        List<String> options = new ArrayList<>();
        WordCursor words = statement.get().afterKeyword();
        do {
            String text = words.takeWord("mount options, as in: options noatime;").text();
            Stream.of(text.split(",")).map(String::strip).filter(option -> !option.isEmpty()).forEach(options::add);
        } while (!words.atEnd());
        words.expectSemicolon();
        return options;
    }

    private MemberConfig address(Statement statement, WordCursor words) throws ConfigException {
        AddressLiterals.WithPrefix address = AddressLiterals.takeWithPrefix(words);
        String text = address.address().getHostAddress();
        SectionStatements section = optionalSection(statement, words, "address " + text, List.of("lifetime"), List.of("interface"));
        claims.claim("address " + text, statement.position());
        int lifetimeMillis = section.millis("lifetime", 5000, 3000, 3_600_000);
        if (lifetimeMillis % 1000 != 0) {
            throw new ConfigException(section.positionOf("lifetime"), "a lifetime of " + Durations.shown(lifetimeMillis) + " is none of full seconds", "3s, 4s, 5s ...");
        }
        return new MemberConfig.Address(address.address(), address.prefixLength(), networkInterface(section), lifetimeMillis / 1000,
                startTimeout(section, 20_000), stopTimeout(section, 10_000));
    }

    /** {@code interface eth0;} for both nodes, or {@code interface node-a enp1s0;} for one of them. */
    private String networkInterface(SectionStatements section) throws ConfigException {
        Map<String, String> byNode = new LinkedHashMap<>();
        for (Statement statement : section.all("interface")) {
            WordCursor words = statement.afterKeyword();
            Token first = words.takeWord("the name of an interface, as in: interface eth0;");
            Optional<Token> second = words.atEnd() ? Optional.empty() : Optional.of(words.takeWord("the name of an interface"));
            words.expectSemicolon();
            if (second.isPresent() && !nodes.both().contains(first.text())) {
                throw new ConfigException(first.position(), first.shown() + " is no node of this cluster", String.join(", ", nodes.both()));
            }
            String node = second.isPresent() ? first.text() : "";
            if (byNode.put(node, second.orElse(first).text()) != null) throw new ConfigException(statement.position(), "the interface is said twice", "once, or once for each node");
        }
        String here = byNode.getOrDefault(nodes.local(), byNode.get(""));
        boolean knownThere = byNode.containsKey(nodes.peer()) || byNode.containsKey("");
        if (here == null || !knownThere) throw section.missing("interface", "interface eth0; or, where the nodes differ: interface " + nodes.local() + " eth0;");
        return here;
    }

    private MemberConfig program(Statement statement, WordCursor words) throws ConfigException {
        Token name = words.takeWord("a name for the program");
        claims.claim("program " + name.text(), name.position());
        ProgramReader program = new ProgramReader("program " + name.text(), claims);
        SectionStatements section = optionalSection(statement, words, "program " + name.text(), ProgramReader.KEYWORDS, List.of("parameter"));
        return new MemberConfig.Program(name.text(), program.kind(section), startTimeout(section, 60_000), stopTimeout(section, 60_000));
    }

    private MemberConfig link(Statement statement, WordCursor words) throws ConfigException {
        Path link = words.takeAbsolutePath("the absolute path of the symbolic link").normalize();
        SectionStatements section = optionalSection(statement, words, "link " + link, List.of("target"));
        claims.claim("link " + link, statement.position());
        Path target = section.path("target", "what the link leads to").orElseThrow(() -> section.missing("target", "target /srv/etc;"));
        if (target.normalize().equals(link)) throw new ConfigException(statement.position(), "the link " + link + " leads to itself", "another target");
        return new MemberConfig.Link(link, target, startTimeout(section, 5000), stopTimeout(section, 5000));
    }

    private static SectionStatements optionalSection(Statement statement, WordCursor words, String place, List<String> once) throws ConfigException {
        return optionalSection(statement, words, place, once, List.of());
    }

    private static SectionStatements optionalSection(Statement statement, WordCursor words, String place, List<String> once, List<String> repeatable)
            throws ConfigException {
        if (statement.section().isEmpty()) words.expectSemicolon();
        List<Statement> inside = statement.section().isEmpty() ? List.of() : words.expectSection();
        return SectionStatements.of(place, statement, inside, Stream.concat(once.stream(), TIMES.stream()).toList(), repeatable);
    }

    private static int startTimeout(SectionStatements section, int otherwise) throws ConfigException {
        return section.millis("start-timeout", otherwise, 100, LONGEST_TIMEOUT_MILLIS);
    }

    private static int stopTimeout(SectionStatements section, int otherwise) throws ConfigException {
        return section.millis("stop-timeout", otherwise, 100, LONGEST_TIMEOUT_MILLIS);
    }
}
