package org.duett.replicator.state;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Requests as kernels send them (spec wire 3.9), made by us and understood by us. */
class StateChangeRequestTest {

    private static final VolumeState CONNECTED_PRIMARY = VolumeState.fromWire(0x000110a9).orElseThrow();
    private static final VolumeState CONNECTED_SECONDARY = VolumeState.fromWire(0x000110a6).orElseThrow();
    private static final VolumeState BOTH_SECONDARY = VolumeState.fromWire(0x000110aa).orElseThrow();
    private static final VolumeState BOTH_INCONSISTENT = VolumeState.fromWire(0x000088aa).orElseThrow();

    @Test
    void requestsThatWeMakeAreThoseOfAKernel() {
        assertThat(StateChangeRequest.between(BOTH_SECONDARY, BOTH_SECONDARY.withRole(Role.PRIMARY)))
                .isEqualTo(new StateChangeRequest(0x3, 0x1));
        assertThat(StateChangeRequest.between(BOTH_INCONSISTENT,
                BOTH_INCONSISTENT.withRole(Role.PRIMARY).withDisk(DiskState.UP_TO_DATE)))
                .isEqualTo(new StateChangeRequest(0x1e03, 0x1001));
        assertThat(StateChangeRequest.between(BOTH_SECONDARY, BOTH_SECONDARY.withDisk(DiskState.FAILED)))
                .isEqualTo(new StateChangeRequest(0x1e00, 0x400));
        assertThat(StateChangeRequest.between(BOTH_SECONDARY,
                BOTH_SECONDARY.withConnection(ConnectionState.STARTING_SYNC_T)))
                .isEqualTo(new StateChangeRequest(0x1f0, 0xc0));
        assertThat(StateChangeRequest.between(BOTH_SECONDARY, BOTH_SECONDARY.withConnection(ConnectionState.VERIFY_S)))
                .isEqualTo(new StateChangeRequest(0x1f0, 0x120));
        assertThat(StateChangeRequest.between(CONNECTED_SECONDARY,
                CONNECTED_SECONDARY.withConnection(ConnectionState.DISCONNECTING).withDisk(DiskState.OUTDATED)))
                .isEqualTo(new StateChangeRequest(0x1ff0, 0x0a10));
    }

    @ParameterizedTest
    @CsvSource({ //
            "promote,               0x3,     0x1,    Secondary/Primary Connected UpToDate/UpToDate", //
            "detach,                0x1e00,  0x400,  Secondary/Secondary Connected UpToDate/Failed", //
            "invalidate,            0x1f0,   0xc0,   Secondary/Secondary StartingSyncS UpToDate/UpToDate", //
            "invalidate-remote,     0x1f0,   0xb0,   Secondary/Secondary StartingSyncT UpToDate/UpToDate", //
            "verify,                0x1f0,   0x120,  Secondary/Secondary VerifyT UpToDate/UpToDate", //
            "disconnect,            0x1f0,   0x10,   Secondary/Secondary TearDown UpToDate/UpToDate", //
            "disconnect outdated,   0x1ff0,  0x0a10, Secondary/Secondary TearDown UpToDate/Outdated", //
            "disconnect outdating,  0x1e1f0, 0xa010, Secondary/Secondary TearDown Outdated/UpToDate", //
            "pause by user,         0x100000, 0x100000, Secondary/Secondary Connected UpToDate/UpToDate resync-suspended:peer", //
            "pause by dependency,   0x40000, 0x40000, Secondary/Secondary Connected UpToDate/UpToDate resync-suspended:peer"})
    void receiverSaysTheRequestInItsOwnTerms(String name, String mask, String value, String expected) {
        StateChangeRequest request = new StateChangeRequest(Integer.decode(mask), Integer.decode(value));

        assertThat(request.translatedForReceiver().appliedTo(BOTH_SECONDARY).orElseThrow()).as(name)
                .hasToString(expected);
    }

    @Test
    void peerHasNoSayInWhatSuspendsOurInputAndOutput() {
        StateChangeRequest request = new StateChangeRequest(0x620000, 0x620000).translatedForReceiver();

        assertThat(request).isEqualTo(new StateChangeRequest(0, 0));
    }

    @Test
    void connectionStatesThatDoNotTranslateAreRefused() {
        for (ConnectionState connection : ConnectionState.values()) {
            StateChangeRequest request = new StateChangeRequest(0x1f0, connection.wireValue() << 4)
                    .translatedForReceiver();
            boolean translates = switch (connection) {
                case WF_REPORT_PARAMS, CONNECTED, STARTING_SYNC_S, STARTING_SYNC_T, VERIFY_S, DISCONNECTING -> true;
                case STAND_ALONE, UNCONNECTED, TIMEOUT, BROKEN_PIPE, NETWORK_FAILURE, PROTOCOL_ERROR, TEAR_DOWN,
                        WF_CONNECTION, WF_BITMAP_S, WF_BITMAP_T, WF_SYNC_UUID, SYNC_SOURCE, SYNC_TARGET, VERIFY_T,
                        PAUSED_SYNC_S, PAUSED_SYNC_T, AHEAD, BEHIND ->
                    false;
            };
            assertThat(request.appliedTo(CONNECTED_PRIMARY).isPresent()).as(connection.displayName())
                    .isEqualTo(translates);
        }
    }

    @Test
    void requestForANumberThatIsNoStateIsRefused() {
        assertThat(new StateChangeRequest(0x1e00, 0x1e00).translatedForReceiver().appliedTo(CONNECTED_PRIMARY))
                .isEmpty();
        assertThat(new StateChangeRequest(0x1f0, 0x1f0).translatedForReceiver().appliedTo(CONNECTED_PRIMARY)).isEmpty();
        assertThat(new StateChangeRequest(0x3, 0x3).translatedForReceiver().appliedTo(CONNECTED_PRIMARY)).isEmpty();
    }

    @Test
    void valueOutsideOfTheMaskChangesNothing() {
        assertThat(new StateChangeRequest(0x3, 0xffffffff & ~0x2).appliedTo(CONNECTED_SECONDARY))
                .contains(CONNECTED_SECONDARY.withRole(Role.PRIMARY));
    }
}
