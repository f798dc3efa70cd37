package org.duett.replicator.mutation;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What is left out of mutation testing is there: else a story that was renamed would slow it down again. */
class QuickTestsTest {
    @Test
    void eachSlowStoryExists() throws ClassNotFoundException {
        Set<String> slow = QuickTests.slow();
        assertThat(slow).hasSizeGreaterThan(10);
        for (String story : slow) {
            String[] parts = story.split("#", -1);
            Class<?> stories = Class.forName("org.duett.replicator.simulator." + parts[0]);
            assertThat(Arrays.stream(stories.getDeclaredMethods()).map(Method::getName)).as(story).contains(parts[1]);
        }
    }
}
