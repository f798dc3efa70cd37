package org.duett.replicator.nbd;

import java.util.function.Supplier;

/**
 * What a resource's front end has to know of the resource.
 *
 * @param volumes as configured, not as served now: only a resource of one volume answers to its bare name
 * @param whyNotServed one sentence for clients that come while this node is not Primary; it names the Primary
 */
public record NbdSettings(String resourceName, int volumes, Supplier<String> whyNotServed, NbdLimits limits) {
    public NbdSettings {
        assert !resourceName.isEmpty();
        assert volumes > 0;
    }
}
