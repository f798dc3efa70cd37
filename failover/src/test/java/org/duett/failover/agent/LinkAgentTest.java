package org.duett.failover.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.duett.failover.config.MemberConfig;
import org.duett.failover.group.MemberOutcome;
import org.duett.failover.group.MemberState;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LinkAgentTest {
    @TempDir
    Path folder;
    private Path link;
    private Path target;
    private LinkAgent agent;

    @BeforeEach
    void configure() {
        link = folder.resolve("exports");
        target = folder.resolve("shared/exports");
        agent = new LinkAgent(new MemberConfig.Link(link, target, 1000, 1000));
    }

    @Test
    void theLinkIsThereWhileTheGroupRuns() throws IOException {
        assertThat(agent.probe()).isEqualTo(MemberState.STOPPED);
        assertThat(agent.start()).isEqualTo(MemberOutcome.DONE);
        assertThat(Files.readSymbolicLink(link)).isEqualTo(target);
        assertThat(agent.probe()).isEqualTo(MemberState.RUNNING);
        assertThat(agent.start()).as("again").isEqualTo(MemberOutcome.DONE);
        assertThat(agent.stop(false)).isEqualTo(MemberOutcome.DONE);
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void whatStandsInItsPlaceIsKeptAsideAndPutBack() throws IOException {
        Files.writeString(link, "of this node");
        agent.start();
        assertThat(folder.resolve("exports.drbdlinks")).hasContent("of this node");
        assertThat(Files.isSymbolicLink(link)).isTrue();
        agent.stop(false);
        assertThat(link).hasContent("of this node");
        assertThat(folder.resolve("exports.drbdlinks")).doesNotExist();
    }

    @Test
    void nothingIsOverwrittenWhenSomethingIsKeptAsideAlready() throws IOException {
        Files.writeString(link, "new");
        Files.writeString(folder.resolve("exports.drbdlinks"), "old");
        assertThat(agent.start().detail()).contains("both").contains("are there");
        assertThat(link).hasContent("new");
        assertThat(folder.resolve("exports.drbdlinks")).hasContent("old");
    }

    @Test
    void aStartThatWasCutOffHalfwayIsBrokenAndCanBeStopped() throws IOException {
        Files.writeString(folder.resolve("exports.drbdlinks"), "of this node");
        assertThat(agent.probe().kind()).isEqualTo(MemberState.Kind.BROKEN);
        agent.stop(false);
        assertThat(link).hasContent("of this node");
    }

    @Test
    void aLinkToElsewhereIsNotRemoved() throws IOException {
        Files.createSymbolicLink(link, folder.resolve("elsewhere"));
        agent.stop(true);
        assertThat(Files.readSymbolicLink(link)).isEqualTo(folder.resolve("elsewhere"));
    }
}
