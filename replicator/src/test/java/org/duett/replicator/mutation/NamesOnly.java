package org.duett.replicator.mutation;

import java.lang.reflect.Method;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.InvocationInterceptor;
import org.junit.jupiter.api.extension.ReflectiveInvocationContext;

/**
 * Runs no test where PIT asks for their names only: each of its processes that try mutants, and each that takes the place of one which was ended after a
 * timeout, executes all tests first to learn what they are called. In the process that measures coverage they do run. Found by JUnit only with
 * {@code -Djunit.jupiter.extensions.autodetection.enabled=true}.
 */
public final class NamesOnly implements InvocationInterceptor {
    private static final Set<String> ASKING = Set.of("org.pitest.mutationtest.execute.MutationTestMinion", "org.pitest.junit5.JUnit5TestUnitFinder");

    private static boolean isAsked() {
        return StackWalker.getInstance().walk(frames -> frames.map(StackWalker.StackFrame::getClassName).filter(ASKING::contains).collect(Collectors.toSet()))
                .equals(ASKING);
    }

    private static void proceed(Invocation<Void> invocation) throws Throwable {
        if (isAsked()) invocation.skip();
        else invocation.proceed();
    }

    @Override
    public void interceptTestMethod(Invocation<Void> invocation, ReflectiveInvocationContext<Method> method, ExtensionContext context) throws Throwable {
        proceed(invocation);
    }

    @Override
    public void interceptTestTemplateMethod(Invocation<Void> invocation, ReflectiveInvocationContext<Method> method, ExtensionContext context) throws Throwable {
        proceed(invocation);
    }
}
