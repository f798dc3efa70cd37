package org.duett.failover;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.duett.failover.control.ClusterRequest;
import org.junit.jupiter.api.Test;

/** What {@code duett cluster leave} says of the daemon that it has asked to go. */
class AwaitTest {
    private final Deque<String> statuses = new ArrayDeque<>();
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream error = new ByteArrayOutputStream();
    private final Await await = new Await(this::answer, _ -> {
    }, print(out), print(error));

    private static PrintStream print(ByteArrayOutputStream bytes) {
        return new PrintStream(bytes, true, StandardCharsets.UTF_8);
    }

    /** When it has given all its answers it has ended. */
    private ClusterRequest.Answer answer(ClusterRequest request) throws IOException {
        if (statuses.isEmpty()) throw new IOException("Connection refused");
        return new ClusterRequest.Answer(true, statuses.remove());
    }

    private static String status(String mode, String here, String there) {
        return "{\"mode\":\"%s\",\"groups\":[{\"name\":\"shop\",\"state\":\"%s\",\"peerState\":\"%s\"}]}".formatted(mode, here, there);
    }

    @Test
    void aDaemonThatWasSeenOfflineHasLeft() throws Exception {
        statuses.addAll(List.of(status("online", "up", "recover"), status("online", "stopping", "recover"), status("offline", "down", "starting")));
        assertThat(await.left()).isZero();
        assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo("""
                group shop: up here, recover there
                group shop: stopping here, recover there
                group shop: down here, starting there
                This node has left the cluster: its groups are stopped here, and its failover daemon has ended.
                """);
        assertThat(error.size()).isZero();
    }

    @Test
    void aDaemonThatEndsInTheMidstOfItHasNotLeftAndWhatItHasNotStoppedGoesOn() throws Exception {
        statuses.addAll(List.of(status("online", "up", "recover"), status("online", "stopping", "recover")));
        assertThat(await.left()).isNotZero();
        assertThat(error.toString(StandardCharsets.UTF_8)).contains("before it was seen to have left (shop was stopping)").contains("goes on running");
        assertThat(out.toString(StandardCharsets.UTF_8)).doesNotContain("has left");
    }

    @Test
    void aGroupThatCannotBeStoppedIsSaidAndThatTheDaemonGoesOnTrying() throws Exception {
        statuses.add(status("online", "unclean", "down"));
        assertThat(await.left()).isNotZero();
        assertThat(error.toString(StandardCharsets.UTF_8)).contains("a stop of group shop failed").contains("goes on trying").contains("stay stopped here");
    }

    @Test
    void aMoveIsOverWhenTheGroupIsUpOnOneNode() throws Exception {
        for (int i = 0; i < 3; i++) statuses.add(status("online", "up", "recover"));
        statuses.add(status("online", "stopping", "recover"));
        for (int i = 0; i < 3; i++) statuses.add(status("online", "recover", "up"));
        assertThat(await.moved("shop")).isZero();
        assertThat(out.toString(StandardCharsets.UTF_8)).endsWith("group shop: recover here, up there\n");
    }

    /** Its mount point was not empty there; the command ended with 0. */
    @Test
    void aGroupThatCameBackAsItDidNotStartWasNotMoved() throws Exception {
        for (int i = 0; i < 3; i++) statuses.add(status("online", "starting", "recover"));
        for (int i = 0; i < 4; i++) statuses.add(status("online", "fail", "up"));
        assertThat(await.moved("shop")).isNotZero();
        assertThat(error.toString(StandardCharsets.UTF_8)).contains("group shop was not moved").contains("duett cluster recover shop");
    }

    @Test
    void askedOnTheNodeThatKeepsItTheSameIsSaid() throws Exception {
        for (int i = 0; i < 3; i++) statuses.add(status("online", "recover", "starting"));
        for (int i = 0; i < 4; i++) statuses.add(status("online", "up", "down (failed here: filesystem /srv does not start: busy)"));
        assertThat(await.moved("shop")).isNotZero();
    }
}
