package org.duett.failover.config.imported;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.duett.failover.config.OwnAddress;
import org.duett.replicator.config.ResourceConfig;
import org.duett.replicator.config.VolumeConfig;

/** Writes the members of one group: what each script of haresources did. */
final class ImportedMembers {
    private static final Set<String> FILE_SYSTEMS = Set.of("ext4", "xfs", "ext3", "ext2", "btrfs");

    private final SourceLine line;
    private final Surroundings surroundings;
    private final String drbdlinks;
    private final List<Remark> remarks;
    private final ImportedPrograms programs;
    private final Taken taken;
    private static final String BELOW = "what lies below the mirror does not move with it; start it at boot";

    private final List<String> resources = new ArrayList<>();
    private final List<String> mountPoints = new ArrayList<>();
    /** Of what the others were started on; empty: all of it could be taken over. */
    private String missing = "";

    ImportedMembers(SourceLine line, Surroundings surroundings, String drbdlinks, Taken taken, List<Remark> remarks) {
        this.line = line;
        this.surroundings = surroundings;
        this.drbdlinks = drbdlinks;
        this.remarks = remarks;
        this.taken = taken;
        this.programs = new ImportedPrograms(surroundings, taken);
    }

    List<String> resources() {
        return resources;
    }

    /** Data that could not be taken over: without it the programs would start on an empty folder, and write there. Empty: none. */
    String missing() {
        return missing;
    }

    void write(HaResource resource, SectionText text) {
        switch (resource.script()) {
            case "drbddisk", "datadisk" -> drbd(resource, text);
            case "Filesystem" -> filesystem(resource, text);
            case "IPaddr", "IPaddr2", "IPv6addr" -> address(resource, text);
            case "drbdlinks" -> links(resource, text);
            case "MailTo", "WinPopup", "AudibleAlarm" -> remark(resource, "'notify exec', 'notify webhook' or 'notify syslog' tell of moves; choose one");
            case "SendArp" -> remark(resource, "every address is announced when it comes up; nothing is lost");
            case "Delay" -> remark(resource, "members wait for one another; nothing is lost");
            case "portblock" -> remark(resource, "ports are not blocked during a move");
            case "IPsrcaddr" -> remark(resource, "the source address of outgoing connections is not set; a 'program' with commands can do that");
            case "LVM" -> remark(resource, isOnTheMirror() ? "a volume group on the mirror is no member yet, and neither is a file system in it. Do not let it start at boot: LVM would"
                    + " find it on the backing disk, and write beside the mirror; have lvm.conf reject that disk" : BELOW);
            case "Raid1", "ServeRAID", "ICP" -> remark(resource, BELOW);
            default -> programs.write(resource, text).ifPresent(why -> remark(resource, why));
        }
    }

    private boolean isOnTheMirror() {
        return line.arguments().stream().map(HaResource::of).anyMatch(HaResource::isDrbd);
    }

    private void remark(HaResource resource, String why) {
        remarks.add(new Remark(line.where(), words(resource), why));
    }

    private void withoutData(HaResource resource, String why) {
        remark(resource, why);
        if (missing.isEmpty()) missing = words(resource);
    }

    private static String words(HaResource resource) {
        return resource.script() + (resource.arguments().isEmpty() ? "" : "::" + String.join("::", resource.arguments()));
    }

    private void drbd(HaResource resource, SectionText text) {
        List<String> wanted = resource.arguments().isEmpty() ? surroundings.replicator().resources().stream().map(ResourceConfig::name).toList() : resource.arguments();
        for (String name : wanted) {
            if (surroundings.replicator().resource(name).isEmpty()) withoutData(resource, "drbd.conf has no resource " + name);
            else if (!startResource(name, text)) withoutData(resource, "resource " + name + " belongs to an earlier group");
        }
    }

    /** Answers false when another group has it. */
    private boolean startResource(String name, SectionText text) {
        if (resources.contains(name)) return true;
        if (!taken.take("resource " + name)) return false;
        resources.add(name);
        text.statement("resource", SectionText.word(name));
        return true;
    }

    /** {@code Filesystem::DEVICE::DIRECTORY[::TYPE[::OPTIONS]]} */
    private void filesystem(HaResource resource, SectionText text) {
        Optional<String> volume = volumeOf(resource.argument(0));
        if (volume.isEmpty()) {
            withoutData(resource, "no resource of drbd.conf has the device " + resource.argument(0) + "; only file systems on mirrored volumes move");
            return;
        }
        String type = resource.argument(2).isEmpty() ? "ext4" : resource.argument(2);
        if (!FILE_SYSTEMS.contains(type)) {
            withoutData(resource, "a file system of type " + type + " is not known: " + String.join(", ", FILE_SYSTEMS.stream().sorted().toList()));
            return;
        }
        String mountPoint = resource.argument(1).replaceFirst("(?<=.)/+$", "");
        boolean coversAnEarlierOne = mountPoints.stream().anyMatch(earlier -> earlier.startsWith(mountPoint.equals("/") ? "/" : mountPoint + "/"));
        if (!mountPoint.startsWith("/") || coversAnEarlierOne || taken.has("volume " + volume.get()) || taken.has("mount point " + mountPoint)) {
            withoutData(resource, "its mount point is no absolute path, is mounted already, or would cover one that is mounted before");
            return;
        }
        if (!startResource(volume.get().substring(0, volume.get().lastIndexOf('/')), text)) {
            withoutData(resource, "the resource of its volume belongs to an earlier group");
            return;
        }
        taken.take("volume " + volume.get());
        taken.take("mount point " + mountPoint);
        mountPoints.add(mountPoint);
        if (resource.argument(2).isEmpty()) remark(resource, "it has no type; ext4 stands there, which mounts ext3 and ext2 as well");
        text.statement("device", SectionText.word(volume.get()));
        text.open("filesystem", SectionText.word(volume.get())).statement("mount-point", SectionText.word(mountPoint)).statement("type", type);
        if (!resource.argument(3).isEmpty()) text.statement("options", SectionText.word(resource.argument(3)));
        text.close();
    }

    /** The volume, as RESOURCE/VOLUME, whose device is called {@code device}; {@code /dev/nb0} and {@code /dev/drbd/0} are old names of minor 0. */
    private Optional<String> volumeOf(String device) {
        Matcher minor = Pattern.compile("/dev/(?:drbd/?|nb/?)(\\d+)").matcher(device);
        int number = minor.matches() ? Integer.parseInt(minor.group(1)) : -1;
        String byName = device.startsWith("/dev/drbd/by-res/") ? device.substring("/dev/drbd/by-res/".length()) : "";
        for (ResourceConfig resource : surroundings.replicator().resources()) {
            if (resource.name().equals(byName)) return Optional.of(byName + "/0");
            for (VolumeConfig volume : resource.hosts().getFirst().volumes()) {
                String text = resource.name() + "/" + volume.number();
                if (volume.deviceName().equals(device) || volume.minor() == number || text.equals(byName)) return Optional.of(text);
            }
        }
        return Optional.empty();
    }

    /** {@code ADDRESS[/PREFIX[/INTERFACE[:ALIAS]][/BROADCAST]]}; what is left out followed from the network that the address is in. */
    private void address(HaResource resource, SectionText text) {
        String[] parts = resource.argument(0).split("/");
        Optional<InetAddress> address = surroundings.address(parts[0]);
        if (address.isEmpty()) {
            remark(resource, "the address of " + parts[0] + " is not known here");
            return;
        }
        if (address.get().isAnyLocalAddress() || address.get().isMulticastAddress() || !taken.take(address.get())) {
            remark(resource, "it is no address that could move: somebody has it for good, or an earlier line has it");
            return;
        }
        Optional<Map.Entry<String, OwnAddress>> network = surroundings.interfaceOf(address.get());
        int ofOneHost = address.get().getAddress().length * Byte.SIZE;
        boolean hasPrefix = parts.length > 1 && parts[1].matches("\\d{1,3}") && Integer.parseInt(parts[1]) >= 1 && Integer.parseInt(parts[1]) <= ofOneHost;
        Optional<String> prefix = hasPrefix ? Optional.of(parts[1]) : Optional.empty();
        Optional<String> device = Optional.empty();
        for (int index = 1; index < parts.length; index++) {
            boolean isInterface = !parts[index].isEmpty() && !parts[index].matches("[\\d.]+") && device.isEmpty();
            if (isInterface) device = Optional.of(parts[index].replaceFirst(":.*", ""));
        }
        if (device.isEmpty() && network.isEmpty()) remark(resource, "its interface could not be found out; eth0 stands there");
        if (prefix.isEmpty() && network.isEmpty()) remark(resource, "the length of its prefix could not be found out; that of one host stands there");
        String length = prefix.or(() -> network.map(each -> String.valueOf(each.getValue().prefixLength()))).orElse(String.valueOf(ofOneHost));
        text.open("address", SectionText.address(address.get()) + "/" + length);
        text.statement("interface", SectionText.word(device.or(() -> network.map(Map.Entry::getKey)).orElse("eth0")));
        text.close();
    }

    private void links(HaResource resource, SectionText text) {
        if (!new ImportedLinks(drbdlinks, line, taken, remarks).write(text)) remark(resource, "no link could be read from /etc/drbdlinks.conf; write 'link PATH { target PATH; }' by hand");
    }
}
