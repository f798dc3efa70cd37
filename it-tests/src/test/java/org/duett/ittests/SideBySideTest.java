package org.duett.ittests;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/**
 * A test beside which another one of its class may run (two at once, junit-platform.properties says so): it has its nodes and their disks to
 * itself, its nodes mostly wait, and it demands of nobody to be quick. Tests of different classes never run at once: who copies this machine's
 * mounts, as each namespace does, holds what others have mounted for themselves.
 */
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
@Test
@Execution(ExecutionMode.CONCURRENT)
public @interface SideBySideTest {
}
