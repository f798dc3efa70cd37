package org.duett.replicator.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.duett.replicator.machine.ResourceSettings.Protocol;
import org.duett.replicator.state.StatePolicies.OnNoData;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the core says to persons, and in traces. */
class WordsTest {
    private static ResourceSettings settings(Optional<String> group) {
        return new ResourceSettings("r0", "alpha", "beta", true, OnNoData.IO_ERROR, null, List.of(), Collections.emptySortedMap(),
                ResourceSettings.Tables.USUAL, group);
    }

    @Test
    void whoeverHasAGroupIsToldOfTheGroupsCommands() {
        assertThat(settings(Optional.empty()).demotionHere()).isEqualTo("duett secondary r0");
        assertThat(settings(Optional.of("web")).demotionHere()).startsWith("duett cluster standby");
        assertThat(settings(Optional.empty()).demotionOfPeer()).isEqualTo("duett secondary r0");
        assertThat(settings(Optional.of("web")).demotionOfPeer()).isEqualTo("duett cluster switchover web");
        assertThat(settings(Optional.empty()).choiceOfThisDisk()).contains("duett secondary --force r0");
        assertThat(settings(Optional.of("web")).choiceOfThisDisk()).startsWith("duett cluster stop web").endsWith("duett cluster start web");
    }

    @ParameterizedTest
    @CsvSource({"5,I/O error", "28,no space left", "30,read-only", "110,timed out"})
    void theCommonErrorsOfADiskAreToldInWords(int errno, String words) {
        assertThat(Errno.inWords(errno)).startsWith("errno " + errno + ", ").contains(words);
    }

    @Test
    void anotherErrorIsItsNumber() {
        assertThat(Errno.inWords(Errno.EBUSY)).isEqualTo("errno 16");
    }

    @ParameterizedTest
    @CsvSource({"A,1", "B,2", "C,3"})
    void protocolsAreNumberedOnTheWire(Protocol protocol, int wireValue) {
        assertThat(protocol.wireValue()).isEqualTo(wireValue);
    }

    @Test
    void aReportSaysAllThreeThings() {
        OperatorReport report = new OperatorReport(OperatorReport.Level.INFO, "One.", "Two.", "Three.");
        assertThat(report).hasToString("One. Two. Three.");
        assertThatThrownBy(() -> new OperatorReport(OperatorReport.Level.INFO, " ", "Two.", "Three.")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new OperatorReport(OperatorReport.Level.INFO, "One.", "", "Three.")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new OperatorReport(OperatorReport.Level.INFO, "One.", "Two.", "")).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aTraceTellsWhatWasAskedAndOrdered() {
        HostWrite write = new HostWrite(3);
        write.kind = HostWrite.Kind.TRIM;
        write.volume = 1;
        write.firstSector = 8;
        write.lengthBytes = 4096;
        write.peer = Leg.PENDING;
        assertThat(write).hasToString("HostWrite 3 TRIM volume=1 sector=8 length=4096 local=NOT_NEEDED peer=PENDING record=NOT_NEEDED");
        HostRequest request = new HostRequest();
        request.kind = HostRequest.Kind.WRITE;
        request.volume = 1;
        request.firstSector = 8;
        request.lengthBytes = 4096;
        assertThat(request).hasToString("WRITE volume=1 sector=8 length=4096");
        request.forceUnitAccess = true;
        assertThat(request).hasToString("WRITE volume=1 sector=8 length=4096 fua");
        DiskOperation operation = new DiskOperation(DiskOperation.Purpose.BITMAP, this);
        operation.kind = DiskOperation.Kind.WRITE;
        operation.area = DiskOperation.Area.METADATA;
        operation.offsetBytes = 512;
        operation.forceUnitAccess = true;
        assertThat(operation).hasToString("BITMAP WRITE METADATA volume=0 attach=0 offset=512 length=0 fua errno=0");
        operation.forceUnitAccess = false;
        assertThat(operation).asString().doesNotContain("fua");
    }
}
