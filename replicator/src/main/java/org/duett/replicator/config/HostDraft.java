package org.duett.replicator.config;

import java.util.List;
import java.util.Optional;

/** What a section on, floating or stacked-on-top-of says about one host. */
final class HostDraft {
    enum Kind {
        NAMED,
        FLOATING,
        STACKED
    }

    final Kind kind;
    final List<Token> names;
    final SourcePosition position;
    final VolumeDrafts volumes = new VolumeDrafts(OptionList.Counting.LAST);
    Optional<NodeAddress> address = Optional.empty();
    Optional<SourcePosition> addressPosition = Optional.empty();

    HostDraft(Kind kind, List<Token> names, SourcePosition position) {
        this.kind = kind;
        this.names = names;
        this.position = position;
    }

    List<String> hostNames() {
        return names.stream().map(Token::text).toList();
    }

    String displayName() {
        return switch (kind) {
            case NAMED -> "on " + String.join(" ", hostNames());
            case FLOATING -> "floating " + address.map(NodeAddress::toString).orElse("");
            case STACKED -> "stacked-on-top-of " + String.join(" ", hostNames());
        };
    }
}
