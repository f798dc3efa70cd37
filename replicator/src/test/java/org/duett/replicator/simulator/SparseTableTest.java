package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SparseTableTest {
    private final SparseTable<String> table = new SparseTable<>();

    @Test
    void aCopyAndItsOriginalChangeEachForItself() {
        table.put(1, "one");
        table.put(5_000, "five thousand");
        SparseTable<String> copy = new SparseTable<>(table);
        table.put(1, "changed in the original");
        copy.put(5_000, "changed in the copy");
        table.put(2, "new");
        assertThat(copy.get(1)).isEqualTo("one");
        assertThat(copy.get(2)).isNull();
        assertThat(table.get(5_000)).isEqualTo("five thousand");
        assertThat(copy.get(5_000)).isEqualTo("changed in the copy");
    }

    @Test
    void aCopyOfACopyIsOneOfItsOwn() {
        table.put(1, "one");
        SparseTable<String> copy = new SparseTable<>(table);
        copy.put(1, "two");
        SparseTable<String> copyOfCopy = new SparseTable<>(copy);
        copy.put(1, "three");
        assertThat(copyOfCopy.get(1)).isEqualTo("two");
        assertThat(table.get(1)).isEqualTo("one");
    }

    @Test
    void whatIsBeforeAnEndIsFoundAndWhatStandsThereIsNot() {
        table.put(3, "three");
        table.put(1_024, "the first of a leaf");
        assertThat(table.next(0, 4)).isEqualTo(3);
        assertThat(table.next(0, 3)).isEqualTo(-1);
        assertThat(table.next(4, 1_024)).isEqualTo(-1);
        assertThat(table.next(4, 1_025)).isEqualTo(1_024);
        assertThat(table.next(4)).isEqualTo(1_024);
        assertThat(table.next(1_025, 1 << 20)).isEqualTo(-1);
    }
}
