package org.duett.failover.agent;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.duett.failover.config.MemberConfig;
import org.duett.failover.group.MemberOutcome;
import org.duett.failover.group.MemberState;

/**
 * A symbolic link into the replicated file system, as drbdlinks made them: what stands in its place is kept aside under the same name with
 * {@code .drbdlinks}, and put back at the stop.
 */
final class LinkAgent implements MemberAgent {
    private static final String ASIDE = ".drbdlinks";

    private final Path link;
    private final Path target;
    private final Path aside;

    LinkAgent(MemberConfig.Link config) {
        link = config.link().toAbsolutePath().normalize();
        target = config.target();
        aside = link.resolveSibling(link.getFileName() + ASIDE);
    }

    @Override
    public MemberState probe() {
        if (isOurs()) return MemberState.RUNNING;
        // Moved aside, and the link was not made: a stop puts it back.
        return exists(aside) && !exists(link) ? MemberState.broken(link + " is kept as " + aside + ", and the link is not there") : MemberState.STOPPED;
    }

    private boolean isOurs() {
        try {
            return Files.isSymbolicLink(link) && Files.readSymbolicLink(link).equals(target);
        } catch (IOException gone) {
            return false;
        }
    }

    private static boolean exists(Path path) {
        return Files.exists(path, LinkOption.NOFOLLOW_LINKS);
    }

    @Override
    public MemberOutcome start() {
        if (isOurs()) return MemberOutcome.DONE;
        if (exists(link) && exists(aside)) {
            return MemberOutcome.failed("both " + link + " and " + aside + " are there: keep the one that this node needs for itself as " + link + ", and move the other away");
        }
        try {
            if (exists(link)) Files.move(link, aside, StandardCopyOption.ATOMIC_MOVE);
            Files.createSymbolicLink(link, target);
            return MemberOutcome.DONE;
        } catch (IOException failed) {
            return MemberOutcome.failed("the link " + link + " cannot be made: " + failed);
        }
    }

    @Override
    public MemberOutcome stop(boolean force) {
        try {
            if (isOurs()) Files.delete(link);
            if (exists(aside) && !exists(link)) Files.move(aside, link, StandardCopyOption.ATOMIC_MOVE);
            return MemberOutcome.DONE;
        } catch (IOException failed) {
            return MemberOutcome.failed("the link " + link + " cannot be removed: " + failed);
        }
    }

    @Override
    public String rehearse() {
        return Files.isDirectory(link.getParent()) ? "" : "the folder of the link " + link + " is not there";
    }
}
