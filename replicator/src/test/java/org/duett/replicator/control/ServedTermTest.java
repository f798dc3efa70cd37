package org.duett.replicator.control;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ServedTermTest {
    private static final String STATUS = """
            { "schemaVersion": 1, "node": "alpha", "resources": [
              { "name": "r0", "role": "Primary", "term": "8f3c51d20a7e4b16", "trouble": { "name": "r1", "level": "INFO" },
                "volumes": [ { "volume": 0, "name": "r1", "term": "1111111111111111" } ] },
              { "name": "r1", "role": "Secondary", "term": null, "volumes": [] } ] }
            """;

    @Test
    void theTermOfAPrimaryIsTold() {
        assertThat(ServedTerm.in(STATUS, "r0")).hasValue(0x8f3c51d20a7e4b16L);
    }

    @Test
    void aSecondaryAndAResourceThatIsNotUpHaveNone() {
        assertThat(ServedTerm.in(STATUS, "r1")).isEmpty();
        assertThat(ServedTerm.in(STATUS, "r2")).isEmpty();
    }
}
