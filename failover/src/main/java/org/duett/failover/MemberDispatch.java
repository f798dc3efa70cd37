package org.duett.failover;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import java.util.function.Function;
import org.duett.failover.agent.MemberAgent;
import org.duett.failover.config.GroupConfig;
import org.duett.failover.config.MemberConfig;
import org.duett.failover.decision.Event;
import org.duett.failover.group.MemberOutcome;
import org.duett.failover.group.MemberState;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The agents of all members, each on a thread of its own: one that hangs delays no other, and not the loop that decides. */
final class MemberDispatch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(MemberDispatch.class);

    /** How agents are made. Never asked for a resource, which the machine promotes itself. */
    interface AgentFactory {
        MemberAgent of(MemberConfig member);
    }

    private record Place(String group, int member) implements Comparable<Place> {
        @Override
        public int compareTo(Place other) {
            int byGroup = group.compareTo(other.group);
            return byGroup != 0 ? byGroup : Integer.compare(member, other.member);
        }

        @Override
        public String toString() {
            return group + "-" + member;
        }
    }

    private record Worker(MemberAgent agent, String label, ExecutorService thread) {
    }

    private final Map<Place, Worker> workers = new TreeMap<>();
    private final Consumer<Event> events;
    private final Map<Place, String> cutOff = new ConcurrentHashMap<>();

    MemberDispatch(List<GroupConfig> groups, AgentFactory factory, Consumer<Event> events) {
        this.events = events;
        for (GroupConfig group : groups) {
            for (int i = 0; i < group.members().size(); i++) {
                MemberConfig member = group.members().get(i);
                if (member instanceof MemberConfig.Resource) continue;
                Place place = new Place(group.name(), i);
                workers.put(place, new Worker(factory.of(member), member.label(),
                        Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().name("member-" + place).factory())));
            }
        }
    }

    /** What the takeover will need is there; each complaint is one that a person should hear before it matters. */
    List<String> rehearse() {
        return ofEach(MemberAgent::rehearse);
    }

    /** By what members are started here, where that depends on the machine. */
    List<String> ways() {
        return ofEach(MemberAgent::way);
    }

    private List<String> ofEach(Function<MemberAgent, String> asked) {
        return workers.entrySet().stream().map(each -> {
            String answer = asked.apply(each.getValue().agent);
            return answer.isEmpty() ? "" : "group " + each.getKey().group() + ", " + each.getValue().label + ": " + answer;
        }).filter(answer -> !answer.isEmpty()).toList();
    }

    void probe(String group, int member) {
        Worker worker = workers.get(new Place(group, member));
        worker.thread.execute(() -> {
            MemberState state;
            try {
                state = worker.agent.probe();
            } catch (InterruptedException ended) {
                return;
            } catch (RuntimeException failed) {
                LOG.error("group={} {}: the look failed by a mistake of ours", group, worker.label, failed);
                state = MemberState.unknown(failed.toString());
            }
            events.accept(new Event.MemberProbed(group, member, state));
        });
    }

    void checkAddress(String group, int member) {
        Worker worker = workers.get(new Place(group, member));
        worker.thread.execute(() -> {
            String answeredBy;
            try {
                answeredBy = worker.agent.answeredBy();
            } catch (InterruptedException ended) {
                return;
            } catch (RuntimeException failed) {
                LOG.error("group={} {}: the check failed by a mistake of ours", group, worker.label, failed);
                answeredBy = "nobody knows whom (" + failed + ")";
            }
            events.accept(new Event.AddressChecked(group, member, answeredBy));
        });
    }

    /** Tells of each address whose interface has gone down, or is up again, since this was asked last. */
    void lookForAddressesCutOff() {
        workers.forEach((place, worker) -> worker.thread.execute(() -> {
            String why = worker.agent.cutOff();
            if (why.equals(cutOff.getOrDefault(place, ""))) return;
            cutOff.put(place, why);
            LOG.warn("group={} {}: {}", place.group, worker.label, why.isEmpty() ? "its interface is up again" : why);
            events.accept(new Event.AddressCutOff(place.group, place.member, why));
        }));
    }

    /** What would lapse by itself goes on for another while. */
    void refresh(String group) {
        workers.forEach((place, worker) -> {
            if (!place.group.equals(group)) return;
            worker.thread.execute(() -> {
                try {
                    worker.agent.refresh();
                } catch (InterruptedException ended) {
                    Thread.currentThread().interrupt();
                } catch (RuntimeException failed) {
                    LOG.error("group={} {}: the refresh failed by a mistake of ours", group, worker.label, failed);
                }
            });
        });
    }

    void start(String group, int member) {
        perform(group, member, "start", MemberAgent::start);
    }

    void stop(String group, int member, boolean force) {
        perform(group, member, force ? "stop by force" : "stop", agent -> agent.stop(force));
    }

    private interface Order {
        MemberOutcome perform(MemberAgent agent) throws InterruptedException;
    }

    private void perform(String group, int member, String word, Order order) {
        Worker worker = workers.get(new Place(group, member));
        worker.thread.execute(() -> {
            long begun = System.nanoTime();
            MemberOutcome outcome;
            try {
                outcome = order.perform(worker.agent);
            } catch (InterruptedException ended) {
                return;
            } catch (RuntimeException failed) {
                LOG.error("group={} {}: {} failed by a mistake of ours", group, worker.label, word, failed);
                outcome = MemberOutcome.failed(failed.toString());
            }
            LOG.info("group={} {}: {} {} after {} ms{}", group, worker.label, word, outcome.done() ? "done" : "FAILED",
                    (System.nanoTime() - begun) / 1_000_000, outcome.detail().isEmpty() ? "" : ": " + outcome.detail());
            events.accept(new Event.MemberAnswered(group, member, outcome));
        });
    }

    @Override
    public void close() {
        workers.values().forEach(worker -> worker.thread.shutdownNow());
    }
}
