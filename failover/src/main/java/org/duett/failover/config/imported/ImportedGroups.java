package org.duett.failover.config.imported;

import java.util.ArrayList;
import java.util.List;
import org.duett.replicator.config.ResourceConfig;

/** Makes a group out of each line of haresources. */
final class ImportedGroups {
    private final List<String> nodes;
    private final NodeNames names;
    private final Surroundings surroundings;
    private final List<Remark> remarks;
    private final String drbdlinks;
    private final Taken taken;
    private int groups;
    private final List<String> resources = new ArrayList<>();

    ImportedGroups(List<String> nodes, NodeNames names, Surroundings surroundings, String drbdlinks, Taken taken, List<Remark> remarks) {
        this.taken = taken;
        this.nodes = nodes;
        this.names = names;
        this.surroundings = surroundings;
        this.drbdlinks = drbdlinks;
        this.remarks = remarks;
    }

    void write(String haresources, SectionText text) {
        for (SourceLine line : SourceLine.of("haresources", haresources)) write(line, text);
        if (groups == 0) remarks.add(new Remark("haresources", "no group", "no line of it became one, so nothing would fail over; write a group by hand (docs/operating/cluster.md)"));
    }

    /** The resources that are now members. */
    List<String> resources() {
        return resources;
    }

    private void write(SourceLine line, SectionText text) {
        List<HaResource> inOrder = line.arguments().stream().map(HaResource::of).toList();
        SectionText members = new SectionText();
        ImportedMembers writer = new ImportedMembers(line, surroundings, drbdlinks, taken, remarks);
        inOrder.forEach(resource -> writer.write(resource, members));
        if (members.toString().isEmpty()) {
            remarks.add(line.remark("nothing of it could be taken over, so there is no group for it"));
            return;
        }
        if (writer.missing().isEmpty()) {
            groups++;
            text.comment(line.where());
            write(line, inOrder, members, text);
            resources.addAll(writer.resources());
            return;
        }
        // Started on a mount point with nothing below it, a database would begin a new one.
        remarks.add(line.remark("is not active: without " + writer.missing() + " its programs would start without their data. It stands there as a comment;"
                + " write what is missing into it, then take the signs # away"));
        text.comment(line.where() + ": not active, as " + writer.missing() + " could not be taken over; write it in its place below, then take the signs # away");
        SectionText commented = new SectionText();
        write(line, inOrder, members, commented);
        commented.toString().lines().forEach(text::comment);
    }

    private void write(SourceLine line, List<HaResource> inOrder, SectionText members, SectionText text) {
        text.open("group", SectionText.word(name(inOrder)));
        String node = names.of(line.keyword());
        boolean isNode = nodes.contains(node);
        if (isNode) text.statement("prefers", SectionText.word(node));
        else remarks.add(new Remark(line.where(), line.keyword(), "is no node of ha.cf; the group prefers none"));
        members.toString().lines().forEach(text::raw);
        text.close();
    }

    /** After its resource, as people call it; else by number. */
    private String name(List<HaResource> inOrder) {
        String wanted = inOrder.stream().filter(HaResource::isDrbd).flatMap(resource -> resource.arguments().stream()).findFirst()
                .filter(name -> surroundings.replicator().resource(name).map(ResourceConfig::name).isPresent())
                .orElse("group" + groups);
        String name = wanted;
        for (int number = 2; !taken.take("group " + name); number++) name = wanted + "-" + number;
        return name;
    }
}
