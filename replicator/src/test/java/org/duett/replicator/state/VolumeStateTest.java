package org.duett.replicator.state;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** State words as they were seen between kernels (spec wire 3.7, 3.9, 10.3), and what we make of words that no kernel sends. */
class VolumeStateTest {

    @ParameterizedTest
    @CsvSource({ //
            "0x0000d082, Secondary/Unknown WFConnection UpToDate/DUnknown", //
            "0x0000d081, Primary/Unknown WFConnection UpToDate/DUnknown", //
            "0x0000c882, Secondary/Unknown WFConnection Inconsistent/DUnknown", //
            "0x0000c082, Secondary/Unknown WFConnection Diskless/DUnknown", //
            "0x000110a9, Primary/Secondary Connected UpToDate/UpToDate", //
            "0x000110a6, Secondary/Primary Connected UpToDate/UpToDate", //
            "0x000110aa, Secondary/Secondary Connected UpToDate/UpToDate", //
            "0x000088aa, Secondary/Secondary Connected Inconsistent/Inconsistent", //
            "0x0000f0d9, Primary/Secondary WFBitMapS UpToDate/Consistent", //
            "0x000090d9, Primary/Secondary WFBitMapS UpToDate/Inconsistent", //
            "0x00010ae6, Secondary/Primary WFBitMapT Outdated/UpToDate", //
            "0x000108e6, Secondary/Primary WFBitMapT Inconsistent/UpToDate", //
            "0x000090a9, Primary/Secondary Connected UpToDate/Inconsistent", //
            "0x000104a9, Primary/Secondary Connected Failed/UpToDate", //
            "0x000100a9, Primary/Secondary Connected Diskless/UpToDate", //
            "0x000106a9, Primary/Secondary Connected Negotiating/UpToDate", //
            "0x0000f169, Primary/Secondary Ahead UpToDate/Consistent", //
            "0x00009109, Primary/Secondary SyncSource UpToDate/Inconsistent", //
            "0x001110aa, Secondary/Secondary Connected UpToDate/UpToDate resync-suspended:user"})
    void wordsOfRealKernelsDecodeAndEncodeAgain(String hex, String text) {
        int word = Integer.decode(hex);
        VolumeState state = VolumeState.fromWire(word).orElseThrow();

        assertThat(state).hasToString(text);
        assertThat(state.toWire()).isEqualTo(word);
    }

    @Test
    void statesHaveTheNumbersAndNamesOfTheWire() {
        List<String> connections = List.of("StandAlone", "Disconnecting", "Unconnected", "Timeout", "BrokenPipe",
                "NetworkFailure", "ProtocolError", "TearDown", "WFConnection", "WFReportParams", "Connected",
                "StartingSyncS", "StartingSyncT", "WFBitMapS", "WFBitMapT", "WFSyncUUID", "SyncSource", "SyncTarget",
                "VerifyS", "VerifyT", "PausedSyncS", "PausedSyncT", "Ahead", "Behind");
        List<String> disks = List.of("Diskless", "Attaching", "Failed", "Negotiating", "Inconsistent", "Outdated",
                "DUnknown", "Consistent", "UpToDate");
        List<String> roles = List.of("Unknown", "Primary", "Secondary");

        for (ConnectionState connection : ConnectionState.values()) {
            assertThat(connections.get(connection.wireValue())).isEqualTo(connection.displayName());
        }
        for (DiskState disk : DiskState.values()) {
            assertThat(disks.get(disk.wireValue())).isEqualTo(disk.displayName());
        }
        for (Role role : Role.values()) {
            assertThat(roles.get(role.wireValue())).isEqualTo(role.displayName());
        }
    }

    @Test
    void everyCombinationOfFieldsSurvivesTheWire() {
        int words = 0;
        for (Role role : Role.values()) {
            for (ConnectionState connection : ConnectionState.values()) {
                for (DiskState disk : DiskState.values()) {
                    for (int marks = 0; marks < 64; marks++) {
                        int word = VolumeState.of(role, role, connection, disk, disk).toWire() | marks << 17;
                        assertThat(VolumeState.fromWire(word).orElseThrow().toWire()).isEqualTo(word);
                        words++;
                    }
                }
            }
        }
        assertThat(words).isEqualTo(3 * 24 * 9 * 64);
    }

    @ParameterizedTest
    @ValueSource(strings = { //
            "0x000110ab", // own role 3
            "0x000110ad", // peer role 3
            "0x00011189", // connection 24
            "0x000111f9", // connection 31, which is a mask and no state
            "0x000112a9", // disk 9
            "0x000130a9", // peer disk 9
            "0x008110a9" // bit 23
    })
    void wordsWithUnknownNumbersAreNoState(String hex) {
        assertThat(VolumeState.fromWire(Integer.decode(hex))).isEmpty();
    }

    @Test
    void wordWithTheHighestBitIsNoState() {
        assertThat(VolumeState.fromWire(0x800110a9)).isEmpty();
        assertThat(VolumeState.fromWire(-1)).isEmpty();
    }

    @Test
    void eachWitherChangesItsOwnFieldOnly() {
        VolumeState state = VolumeState.UNCONFIGURED;
        assertThat(state.withRole(Role.PRIMARY).toWire() ^ state.toWire()).isEqualTo(0x3);
        assertThat(state.withPeer(Role.PRIMARY).toWire() ^ state.toWire()).isEqualTo(0x4);
        assertThat(state.withConnection(ConnectionState.BEHIND).toWire() ^ state.toWire()).isEqualTo(23 << 4);
        assertThat(state.withDisk(DiskState.UP_TO_DATE).toWire() ^ state.toWire()).isEqualTo(8 << 9);
        assertThat(state.withPeerDisk(DiskState.DISKLESS).toWire() ^ state.toWire()).isEqualTo(6 << 13);
        assertThat(state.withSuspendedByUser(true).toWire() ^ state.toWire()).isEqualTo(1 << 17);
        assertThat(state.withSyncPausedByDependency(true).toWire() ^ state.toWire()).isEqualTo(1 << 18);
        assertThat(state.withSyncPausedByPeer(true).toWire() ^ state.toWire()).isEqualTo(1 << 19);
        assertThat(state.withSyncPausedByUser(true).toWire() ^ state.toWire()).isEqualTo(1 << 20);
        assertThat(state.withSuspendedNoData(true).toWire() ^ state.toWire()).isEqualTo(1 << 21);
        assertThat(state.withSuspendedFencing(true).toWire() ^ state.toWire()).isEqualTo(1 << 22);
    }

    @Test
    void textNamesAllThatIsSuspendedAndPaused() {
        VolumeState state = VolumeState.UNCONFIGURED.withSuspendedByUser(true).withSuspendedNoData(true)
                .withSuspendedFencing(true)
                .withSyncPausedByUser(true).withSyncPausedByPeer(true).withSyncPausedByDependency(true);
        assertThat(state).hasToString("Secondary/Unknown StandAlone Diskless/DUnknown suspended:user,no-data,fencing"
                + " resync-suspended:user,peer,dependency");
    }

    @Test
    void resultCodesAreThoseOfTheWire() {
        assertThat(StateChangeResult.fromWire(0xffffffff)).contains(StateChangeResult.TWO_PRIMARIES);
        assertThat(StateChangeResult.fromWire(0xfffffff6)).contains(StateChangeResult.REFUSED_BY_PEER);
        assertThat(StateChangeResult.fromWire(0xffffffee)).contains(StateChangeResult.IN_TRANSIENT_STATE);
        assertThat(StateChangeResult.fromWire(0xffffffed)).contains(StateChangeResult.CONCURRENT_STATE_CHANGE);
        assertThat(StateChangeResult.fromWire(1)).contains(StateChangeResult.SUCCESS);
        assertThat(StateChangeResult.fromWire(-3)).isEmpty();
        assertThat(StateChangeResult.fromWire(5)).isEmpty();
        for (StateChangeResult result : StateChangeResult.values()) {
            assertThat(StateChangeResult.fromWire(result.wireCode())).contains(result);
            assertThat(result.isSuccess()).isEqualTo(result.wireCode() >= 1);
        }
    }
}
