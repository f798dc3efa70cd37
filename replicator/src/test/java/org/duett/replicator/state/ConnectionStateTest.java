package org.duett.replicator.state;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

/** To which families a connection state belongs (spec states 1.2), as the rest of the core asks for them. */
class ConnectionStateTest {
    private static List<String> those(Predicate<ConnectionState> family) {
        return Arrays.stream(ConnectionState.values()).filter(family).map(ConnectionState::displayName).toList();
    }

    @Test
    void onlyAResyncThatRunsOrPausesHasASourceAndATarget() {
        assertThat(those(ConnectionState::isSyncSource)).containsExactly("SyncSource", "PausedSyncS");
        assertThat(those(ConnectionState::isSyncTarget)).containsExactly("SyncTarget", "PausedSyncT");
        assertThat(those(ConnectionState::isStartingSync)).containsExactly("StartingSyncS", "StartingSyncT");
    }

    @Test
    void aNodeIsOnOneSideOfAResyncFromItsFirstStepToItsLast() {
        assertThat(those(ConnectionState::isSourceSide)).containsExactly("StartingSyncS", "WFBitMapS", "SyncSource", "PausedSyncS");
        assertThat(those(ConnectionState::isTargetSide)).containsExactly("StartingSyncT", "WFBitMapT", "WFSyncUUID", "SyncTarget", "PausedSyncT");
    }

    @Test
    void resyncsAndVerifiesStandInOneQueue() {
        assertThat(those(ConnectionState::isSyncLike)).containsExactly("SyncSource", "SyncTarget", "VerifyS", "VerifyT", "PausedSyncS", "PausedSyncT");
        assertThat(those(ConnectionState::isVerify)).containsExactly("VerifyS", "VerifyT");
    }

    @Test
    void aFailureIsOnItsWayToUnconnected() {
        assertThat(those(ConnectionState::isTransientFailure)).containsExactly("Timeout", "BrokenPipe", "NetworkFailure", "ProtocolError", "TearDown");
    }

    @Test
    void theHandshakeIsThroughFromConnectedOn() {
        assertThat(those(ConnectionState::isEstablished)).first().isEqualTo("Connected");
        assertThat(those(ConnectionState::isEstablished)).hasSize(14).doesNotContain("WFReportParams", "WFConnection", "StandAlone");
    }
}
