package org.duett.failover;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Reads the class files and holds the table of docs/architecture.md: who may know whom, and what the core may not touch. */
class PackageDependenciesTest {
    private static final String ROOT = "org.duett.failover";
    private static final String REPLICATOR = "org.duett.replicator.";

    /** What decides, and what it is told. {@code replicator.X} stands for a package of the replicator module. */
    private static final Map<String, List<String>> CORE = table(
            row("heartbeat"),
            row("group"),
            row("proof", "heartbeat"),
            row("check", "config"),
            // Of the replicator's machine the words alone in which it takes orders: Command.
            row("decision", "heartbeat", "proof", "group", "check", "config", "replicator.state", "replicator.machine"));

    /** The records of the configuration, which everybody reads, and their reader. */
    private static final Map<String, List<String>> CONFIGURATION = table(
            row("config", "heartbeat", "replicator.config"));

    /** What performs. */
    private static final Map<String, List<String>> SHELLS = table(
            row("path", "heartbeat", "config"),
            row("agent", "group", "config", "replicator.command", "replicator.clock", "replicator.control", "replicator.state", "replicator.device"),
            row("prover", "proof", "config", "replicator.command", "replicator.clock", "replicator.file"),
            row("checker", "check", "config", "prover", "replicator.command", "replicator.clock"),
            row("notify", "config", "replicator.command", "replicator.clock"),
            row("link", "decision", "config", "replicator.command", "replicator.control", "replicator.state", "replicator.machine", "replicator.clock"),
            row("drill", "control", "decision", "replicator.control"),
            row("control", "decision", "config", "replicator.control", "replicator.transport"),
            row("status", "decision", "heartbeat", "config", "control", "replicator.control"));

    /** Where they are put together; these may know everything, but nobody may know them. */
    private static final Set<String> ASSEMBLIES = Set.of("", "node", "cli", "simulator", "rehearsal");

    private static final JavaClasses CLASSES = new ClassFileImporter().withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS).importPackages(ROOT);

    private static final DescribedPredicate<JavaClass> ARE_OF_THE_CORE = DescribedPredicate.describe("are of the core",
            javaClass -> CORE.containsKey(conceptOf(javaClass)));

    @TestFactory
    Stream<DynamicTest> aPackageKnowsOnlyThosePackagesThatItsRowNames() {
        return Stream.of(CORE, CONFIGURATION, SHELLS).flatMap(table -> table.entrySet().stream())
                .map(row -> DynamicTest.dynamicTest(row.getKey(), () -> assertKnowsOnly(row.getKey(), row.getValue())));
    }

    @Test
    void everyPackageHasARow() {
        Set<String> found = new LinkedHashSet<>();
        CLASSES.forEach(javaClass -> found.add(conceptOf(javaClass)));
        Stream.of(CORE, CONFIGURATION, SHELLS).forEach(table -> found.removeAll(table.keySet()));
        found.removeAll(ASSEMBLIES);
        assertThat(found).as("packages without a row in this test and in docs/architecture.md").isEmpty();
    }

    @Test
    void theCoreTouchesNoSocketFileThreadClockOrLogger() {
        // A path and an address are values of the configuration; what would open or look them up is below.
        coreMustNotDependOn(classesNamed("the world outside",
                "java\\.net\\.(?!Inet[A-Za-z0-9]*Address$|URI$).*", "java\\.nio\\.(file|channels)\\.(?!Path$).*",
                "java\\.io\\.(?!Serializable$|(ByteArray|Data)(In|Out)putStream$|IOException$|EOFException$|UncheckedIOException$).*",
                "java\\.lang\\.foreign\\..*", "java\\.lang\\.(Thread.*|InheritableThreadLocal|Process.*|Runtime)",
                "java\\.util\\.concurrent\\.(?!TimeUnit$).*", "java\\.util\\.Timer.*", "java\\.time\\.(?!Duration$).*", "java\\.util\\.logging\\..*",
                "org\\.slf4j\\..*", "ch\\.qos\\.logback\\..*", "info\\.picocli\\..*", "com\\.fasterxml\\..*", "io\\.netty\\..*"));
        coreMustNotCall("java.net.InetAddress", "getByName|getAllByName|getLocalHost|isReachable|getHostName|getCanonicalHostName");
        coreMustNotCall("java.nio.file.Path", "toRealPath|toFile|register");
    }

    @Test
    void theCoreHasNoRandomnessOfItsOwn() {
        coreMustNotDependOn(classesNamed("a source of randomness", "java\\.util\\.(Random|SplittableRandom)", "java\\.util\\.random\\..*",
                "java\\.security\\.SecureRandom"));
        coreMustNotCall("java.lang.Math", "random");
        coreMustNotCall("java.util.UUID", "randomUUID");
    }

    @Test
    void ofSystemTheCoreUsesOnlyArraycopy() {
        coreMustNotCall("java.lang.System", "(?!arraycopy$).*");
    }

    @Test
    void theCoreIteratesInAnOrderThatASeedReplays() {
        coreMustNotDependOn(classesNamed("a collection whose order differs from run to run",
                "java\\.util\\.(HashMap|HashSet|IdentityHashMap|WeakHashMap|Hashtable)"));
        coreMustNotCall("java.util.Map", "of|ofEntries|copyOf");
        coreMustNotCall("java.util.Set", "of|copyOf");
        coreMustNotCall("java.util.stream.Collectors", "to(Unmodifiable)?(Set|Map)|groupingBy|partitioningBy");
    }

    private static void assertKnowsOnly(String concept, List<String> row) {
        Set<String> known = new LinkedHashSet<>(row);
        row.stream().filter(CONFIGURATION::containsKey).forEach(each -> known.addAll(CONFIGURATION.get(each)));
        row.stream().filter(CORE::containsKey).forEach(each -> known.addAll(CORE.get(each)));
        DescribedPredicate<JavaClass> foreign = DescribedPredicate.describe("are not of " + known,
                target -> target.getPackageName().startsWith("org.duett.") && !conceptOf(target).equals(concept) && !known.contains(conceptOf(target)));
        noClasses().that().resideInAPackage(ROOT + "." + concept + "..").should().dependOnClassesThat(foreign).allowEmptyShould(true).check(CLASSES);
    }

    private static void coreMustNotDependOn(DescribedPredicate<JavaClass> forbidden) {
        noClasses().that(ARE_OF_THE_CORE).should().dependOnClassesThat(forbidden).allowEmptyShould(true).check(CLASSES);
    }

    private static void coreMustNotCall(String className, String methodPattern) {
        noClasses().that(ARE_OF_THE_CORE).should().accessTargetWhere(DescribedPredicate.describe("is " + className + "." + methodPattern,
                access -> access.getTargetOwner().getName().equals(className) && access.getTarget().getName().matches(methodPattern)))
                .allowEmptyShould(true).check(CLASSES);
    }

    private static DescribedPredicate<JavaClass> classesNamed(String description, String... patterns) {
        List<Pattern> compiled = Stream.of(patterns).map(Pattern::compile).toList();
        return DescribedPredicate.describe("are " + description,
                target -> compiled.stream().anyMatch(pattern -> pattern.matcher(target.getName()).matches()));
    }

    /** The first package below the root of the module; of the replicator's with its name before it. */
    private static String conceptOf(JavaClass javaClass) {
        String name = javaClass.getPackageName();
        if (name.startsWith(REPLICATOR)) return "replicator." + firstPart(name.substring(REPLICATOR.length()));
        return name.equals(ROOT) ? "" : firstPart(name.substring(Math.min(name.length(), ROOT.length() + 1)));
    }

    private static String firstPart(String name) {
        int dot = name.indexOf('.');
        return dot < 0 ? name : name.substring(0, dot);
    }

    private static Map.Entry<String, List<String>> row(String concept, String... known) {
        return Map.entry(concept, List.of(known));
    }

    @SafeVarargs
    private static Map<String, List<String>> table(Map.Entry<String, List<String>>... rows) {
        Map<String, List<String>> table = new TreeMap<>();
        for (Map.Entry<String, List<String>> row : rows) table.put(row.getKey(), row.getValue());
        return table;
    }
}
