package org.duett.replicator;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Reads the class files and holds the two tables of docs/architecture.md: who may know whom, and what the core may not touch. */
class PackageDependenciesTest {

    private static final String ROOT = "org.duett.replicator";

    /** The core from the ground up: a package may know those named here, and what those may know. */
    private static final Map<String, List<String>> CORE = orderedTable(
            row("state"),
            row("generation", "state"),
            row("bitmap"),
            row("metadata", "state", "generation"),
            row("wire", "state", "generation"),
            row("machine", "state", "generation", "bitmap", "metadata", "wire"),
            row("activitylog", "machine", "metadata"),
            row("volume", "machine", "activitylog", "bitmap", "metadata"),
            row("record", "volume", "generation"),
            row("write", "volume", "record"),
            row("resync", "volume"),
            row("connection", "machine", "wire", "state", "generation"),
            row("attach", "volume"),
            row("resource", "volume", "record", "write", "resync", "connection", "attach"));

    /** The shells perform; they do not know one another, nor the concepts of the core that decide. */
    private static final Map<String, List<String>> SHELLS = orderedTable(
            row("clock"), // CLOCK_BOOTTIME and the boot id, shared with the failover daemon
            row("command"), // the tools of the field, run in their own process groups; processes told apart
            row("file"), // small files that are there whole or not at all
            row("transport"), // which event loops and channels; the ground that shells with sockets share
            row("disk", "machine", "transport"),
            row("peer", "machine", "wire", "transport"),
            row("nbd", "machine", "transport"),
            row("control", "machine", "state", "transport", "file"),
            row("metrics", "transport"),
            row("config", "state"),
            row("device", "machine", "command", "config", "file"));

    /** Where core and shells are put together; these may know everything, but nobody may know them. */
    private static final Set<String> ASSEMBLIES = Set.of("node", "simulator", "cli");

    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages(ROOT);

    private static final DescribedPredicate<JavaClass> ARE_OF_THE_CORE = DescribedPredicate.describe("are of the core",
            javaClass -> CORE.containsKey(conceptOf(javaClass)));

    @TestFactory
    Stream<DynamicTest> aPackageKnowsOnlyThosePackagesThatItsRowNames() {
        return Stream.concat(CORE.keySet().stream(), SHELLS.keySet().stream())
                .map(concept -> DynamicTest.dynamicTest(concept, () -> assertKnowsOnly(concept, knownTo(concept))));
    }

    @Test
    void everyPackageHasARow() {
        Set<String> found = new LinkedHashSet<>();
        CLASSES.forEach(javaClass -> found.add(conceptOf(javaClass)));
        found.removeAll(CORE.keySet());
        found.removeAll(SHELLS.keySet());
        found.removeAll(ASSEMBLIES);
        found.remove(""); // the root package: main classes
        assertThat(found).as("packages without a row in this test and in docs/architecture.md").isEmpty();
    }

    @Test
    void theSimulatorIsKnownOnlyToTheRootPackage() {
        noClasses().that().resideInAPackage(ROOT + ".*..")
                .and().resideOutsideOfPackage(packagePattern("simulator"))
                .should().dependOnClassesThat().resideInAPackage(packagePattern("simulator"))
                .allowEmptyShould(true)
                .check(CLASSES);
    }

    @Test
    void theCoreTouchesNoSocketFileThreadClockOrLogger() {
        coreMustNotDependOn(classesNamed("the world outside",
                "java\\.net\\..*", "java\\.nio\\.(file|channels)\\..*", "java\\.io\\.(?!Serializable$).*",
                "java\\.lang\\.foreign\\..*", "java\\.lang\\.(Thread.*|InheritableThreadLocal|Process.*|Runtime)",
                "java\\.util\\.concurrent\\.(?!TimeUnit$).*", "java\\.util\\.Timer.*", "java\\.time\\.(?!Duration$).*",
                "java\\.util\\.logging\\..*", "org\\.slf4j\\..*", "ch\\.qos\\.logback\\..*", "info\\.picocli\\..*",
                "com\\.fasterxml\\..*"));
    }

    @Test
    void theCoreHasNoRandomnessOfItsOwn() {
        // Rule 29: random values arrive as events.
        coreMustNotDependOn(classesNamed("a source of randomness", "java\\.util\\.(Random|SplittableRandom)",
                "java\\.util\\.random\\..*", "java\\.security\\.SecureRandom"));
        coreMustNotCall("java.lang.Math", "random");
        coreMustNotCall("java.util.UUID", "randomUUID");
    }

    @Test
    void ofSystemTheCoreUsesOnlyArraycopy() {
        // Else it would have a clock, an environment, and an identity hash that no seed replays.
        coreMustNotCall("java.lang.System", "(?!arraycopy$).*");
    }

    @Test
    void theCoreIteratesInAnOrderThatASeedReplays() {
        // LinkedHashMap, TreeMap, EnumMap and their sets are fine; List.of is.
        coreMustNotDependOn(classesNamed("a collection whose order differs from run to run",
                "java\\.util\\.(HashMap|HashSet|IdentityHashMap|WeakHashMap|Hashtable)"));
        // The order of these is salted for each JVM, so that nobody comes to rely on it.
        coreMustNotCall("java.util.Map", "of|ofEntries|copyOf");
        coreMustNotCall("java.util.Set", "of|copyOf");
        coreMustNotCall("java.util.stream.Collectors", "to(Unmodifiable)?(Set|Map)|groupingBy|partitioningBy");
    }

    @Test
    void ofNettyTheCoreKnowsOnlyTheBuffer() {
        // Unpooled: a decoder's own few bytes between two pieces of a packet.
        coreMustNotDependOn(classesNamed("Netty beyond ByteBuf", "io\\.netty\\.(?!buffer\\.(ByteBuf|Unpooled)$).*"));
    }

    @Test
    void statesAndGenerationsKnowNotEvenTheBuffer() {
        noClasses().that().resideInAnyPackage(packagePattern("state"), packagePattern("generation"))
                .should().dependOnClassesThat().resideInAPackage("io.netty..")
                .allowEmptyShould(true)
                .check(CLASSES);
    }

    @Test
    void chronicleBytesStaysInsideTheBitmap() {
        noClasses().that().resideOutsideOfPackage(packagePattern("bitmap"))
                .should().dependOnClassesThat().resideInAPackage("net.openhft..")
                .allowEmptyShould(true)
                .check(CLASSES);
    }

    private static void assertKnowsOnly(String concept, Set<String> known) {
        DescribedPredicate<JavaClass> foreign = DescribedPredicate.describe("are not of " + known,
                target -> target.getPackageName().startsWith("org.duett.") && !isOf(target, concept)
                        && known.stream().noneMatch(other -> isOf(target, other)));
        noClasses().that().resideInAPackage(packagePattern(concept))
                .should().dependOnClassesThat(foreign)
                .allowEmptyShould(true)
                .check(CLASSES);
    }

    /** What the row names and, in turn, what the rows of those name. */
    private static Set<String> knownTo(String concept) {
        Set<String> known = new LinkedHashSet<>();
        List<String> toVisit = new ArrayList<>(rowOf(concept));
        while (!toVisit.isEmpty()) {
            String next = toVisit.removeLast();
            if (known.add(next)) {
                toVisit.addAll(rowOf(next));
            }
        }
        return known;
    }

    private static List<String> rowOf(String concept) {
        return CORE.containsKey(concept) ? CORE.get(concept) : SHELLS.get(concept);
    }

    private static void coreMustNotDependOn(DescribedPredicate<JavaClass> forbidden) {
        noClasses().that(ARE_OF_THE_CORE)
                .should().dependOnClassesThat(forbidden)
                .allowEmptyShould(true)
                .check(CLASSES);
    }

    private static void coreMustNotCall(String className, String methodPattern) {
        noClasses().that(ARE_OF_THE_CORE)
                .should().accessTargetWhere(DescribedPredicate.describe("is " + className + "." + methodPattern,
                        access -> access.getTargetOwner().getName().equals(className)
                                && access.getTarget().getName().matches(methodPattern)))
                .allowEmptyShould(true)
                .check(CLASSES);
    }

    private static DescribedPredicate<JavaClass> classesNamed(String description, String... patterns) {
        Pattern pattern = Pattern.compile(String.join("|", patterns));
        return DescribedPredicate.describe("are " + description,
                javaClass -> pattern.matcher(javaClass.getName()).matches());
    }

    private static boolean isOf(JavaClass javaClass, String concept) {
        return conceptOf(javaClass).equals(concept) && javaClass.getPackageName().startsWith(ROOT);
    }

    /** The first part of the package below the root: {@code machine}, also for {@code machine.something}. */
    private static String conceptOf(JavaClass javaClass) {
        String packageName = javaClass.getPackageName();
        return packageName.substring(ROOT.length()).replaceFirst("^\\.", "").replaceFirst("\\..*", "");
    }

    private static String packagePattern(String concept) {
        return ROOT + "." + concept + "..";
    }

    private record Row(String concept, List<String> known) {
    }

    private static Row row(String concept, String... known) {
        return new Row(concept, Arrays.asList(known));
    }

    private static Map<String, List<String>> orderedTable(Row... rows) {
        Map<String, List<String>> table = new LinkedHashMap<>();
        for (Row row : rows) {
            table.put(row.concept(), row.known());
        }
        return table;
    }
}
