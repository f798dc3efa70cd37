package org.duett.replicator.simulator;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.IntConsumer;

/** The programs that the configuration of a node names. They answer in their own time, as a story or the world says. */
public final class SimulatedHandlers {
    /** What a handler does, and its exit code. */
    interface Programs {
        void run(String handler, IntConsumer answer);
    }

    private final List<IntConsumer> heldBack = new ArrayList<>();
    private final List<String> ordered = new ArrayList<>();
    private boolean held;
    private int exitCode;
    private Programs programs;

    /** {@code later}: does something a little later, if the process that ordered it lives on. */
    SimulatedHandlers(Consumer<Runnable> later) {
        programs = (handler, answer) -> later.accept(() -> answer.accept(exitCode));
    }

    void run(String handler, IntConsumer answer) {
        ordered.add(handler);
        if (held) heldBack.add(answer);
        else programs.run(handler, answer);
    }

    void processEnded() {
        heldBack.clear();
    }

    void areRunBy(Programs newPrograms) {
        programs = newPrograms;
    }

    public void exitWith(int newExitCode) {
        exitCode = newExitCode;
    }

    /** They run on until {@link #finish}. */
    public void hold() {
        held = true;
    }

    public void finish(int withExitCode) {
        held = false;
        List<IntConsumer> answers = List.copyOf(heldBack);
        heldBack.clear();
        answers.forEach(answer -> answer.accept(withExitCode));
    }

    /** The names of all that were ordered, in order. */
    public List<String> ordered() {
        return ordered;
    }
}
