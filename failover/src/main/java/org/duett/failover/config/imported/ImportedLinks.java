package org.duett.failover.config.imported;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The links of drbdlinks.conf: {@code mountpoint('/srv')}, {@code link('/etc/x')} for a link to the same path below the mount point, {@code
 * link('/etc/x', '/srv/y')}. What is said of one names its own line.
 */
final class ImportedLinks {
    private static final String FILE = "drbdlinks.conf";
    private static final Pattern LINK = Pattern.compile("(?m)^\\s*(mountpoint|link)\\s*\\(\\s*['\"]([^'\"]+)['\"]\\s*(?:,\\s*['\"]([^'\"]+)['\"])?");

    private final String drbdlinks;
    private final SourceLine group;
    private final Taken taken;
    private final List<Remark> remarks;
    /** The lines of the file, counted from 1, that were understood. */
    private final Set<Integer> understood = new HashSet<>();

    /** {@code group}: the line of haresources that has drbdlinks among its resources. */
    ImportedLinks(String drbdlinks, SourceLine group, Taken taken, List<Remark> remarks) {
        this.drbdlinks = drbdlinks;
        this.group = group;
        this.taken = taken;
        this.remarks = remarks;
    }

    /** Answers false when there is none. */
    boolean write(SectionText text) {
        String mountPoint = "";
        int written = 0;
        for (Matcher found = LINK.matcher(drbdlinks); found.find();) {
            int number = lineOf(found.start(1));
            for (int each = number; each <= lineOf(found.end() - 1); each++) understood.add(each);
            if (found.group(1).equals("mountpoint")) mountPoint = found.group(2).replaceFirst("/+$", "");
            else if (write(found, number, mountPoint, text)) written++;
        }
        remarkOnTheRest();
        return written > 0;
    }

    private boolean write(Matcher found, int number, String mountPoint, SectionText text) {
        String link = found.group(2).replaceFirst("(?<=.)/+$", "");
        String target = found.group(3) == null ? mountPoint + link : found.group(3);
        String hindrance = "";
        if (!link.startsWith("/")) hindrance = "its path is not absolute";
        else if (target.equals(link)) hindrance = "no mount point is named before it, so it has no target";
        else if (!target.startsWith("/")) hindrance = "its target is no absolute path";
        else if (!taken.take("link " + link)) hindrance = "an earlier line has it";
        if (!hindrance.isEmpty()) {
            remark(number, "link " + link, hindrance + "; it is not taken over (for drbdlinks in " + group.where() + ")");
            return false;
        }
        text.open("link", SectionText.word(link)).statement("target", SectionText.word(target)).close();
        return true;
    }

    /** It is a Python program, which may do more than call these two. */
    private void remarkOnTheRest() {
        String[] lines = drbdlinks.split("\n", -1);
        for (int i = 0; i < lines.length; i++) {
            String statement = lines[i].replaceFirst("#.*", "").strip();
            // What ends a call that began on an earlier line.
            boolean saysNothing = statement.isEmpty() || statement.matches("[)\\s;,]+") || understood.contains(i + 1);
            if (!saysNothing) remark(i + 1, statement, "is neither a mount point nor a link that can be read; it is not taken over");
        }
    }

    /** Once, also where several groups have drbdlinks. */
    private void remark(int number, String statement, String why) {
        Remark remark = new Remark(FILE + ":" + number, statement, why);
        if (!remarks.contains(remark)) remarks.add(remark);
    }

    private int lineOf(int index) {
        return 1 + (int) drbdlinks.substring(0, index).chars().filter(each -> each == '\n').count();
    }
}
