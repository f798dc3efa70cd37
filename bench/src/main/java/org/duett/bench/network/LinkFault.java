package org.duett.bench.network;

import java.util.List;
import org.duett.bench.host.Requirement;

/** What can be wrong with the cable between two machines. */
public sealed interface LinkFault {

    /** The plug is out: both network cards see the carrier go. */
    record CableOut() implements LinkFault {
    }

    /** Nothing passes in either direction, but the carrier stays, as when a switch between the two is sick. */
    record Silent() implements LinkFault {
    }

    /** What the sender sends is lost; what it is sent arrives. */
    record OneWay(Namespace lostFrom) implements LinkFault {
    }

    /** Everything arrives, at no more than this rate in each direction. */
    record Slow(long bytesPerSecond) implements LinkFault {
        public Slow {
            if (bytesPerSecond <= 0) {
                throw new IllegalArgumentException("a slow link carries at least 1 byte/s; for none use Silent");
            }
        }
    }

    /** What the machine must have for this fault beyond {@link Namespace#requirements()}. */
    default List<Requirement> requirements() {
        return switch (this) {
            case CableOut() -> List.of();
            case Silent(),OneWay(_) -> List.of(Requirement.program("nft", "nftables"));
            case Slow(_) -> List.of(Requirement.program("tc", "iproute2"));
        };
    }
}
