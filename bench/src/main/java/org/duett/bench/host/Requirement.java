package org.duett.bench.host;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Something that a test or benchmark needs from the machine. What is missing is told with the way to get it, so that a
 * skip shows as one and says what would end it.
 */
public sealed interface Requirement {

    /** What is missing here and how to get it; empty when it is there. */
    Optional<Missing> missing();

    /** How one gets what is missing. Only a package is ours to install, so only a missing package may fail a CI run. */
    enum Remedy {
        DEBIAN_PACKAGE,
        OTHER_USER,
        OTHER_KERNEL
    }

    record Missing(String what, String howToGetIt, Remedy remedy) {
        /** One line for a skip: "needs ip: apt install iproute2". */
        public String reason() {
            return "needs " + what + ": " + howToGetIt;
        }
    }

    record Root() implements Requirement {
        @Override
        public Optional<Missing> missing() {
            return effectiveUserId() == 0
                    ? Optional.empty()
                    : Optional.of(new Missing("root", "run as root", Remedy.OTHER_USER));
        }

        private static int effectiveUserId() {
            try (Stream<String> status = Files.lines(Path.of("/proc/self/status"))) {
                return status.filter(line -> line.startsWith("Uid:"))
                        .map(line -> Integer.parseInt(line.split("\\s+", -1)[2]))
                        .findFirst()
                        .orElse(-1);
            } catch (IOException e) {
                return -1; // no /proc: surely not a machine where namespaces can be made
            }
        }
    }

    record Program(String name, String debianPackage) implements Requirement {
        @Override
        public Optional<Missing> missing() {
            return find(name).isPresent()
                    ? Optional.empty()
                    : Optional.of(new Missing(name, "apt install " + debianPackage, Remedy.DEBIAN_PACKAGE));
        }

        /** Where the program lies. The sbin folders are searched too: a user's PATH on Debian lacks them. */
        public static Optional<Path> find(String name) {
            List<String> folders = new ArrayList<>(List.of(System.getenv().getOrDefault("PATH", "").split(":")));
            folders.addAll(List.of("/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/bin", "/bin"));
            return folders.stream()
                    .filter(folder -> !folder.isEmpty())
                    .map(folder -> Path.of(folder, name))
                    .filter(Files::isExecutable)
                    .findFirst();
        }
    }

    /** A file that a package installs and that is no program on the PATH, such as a plugin. */
    record PackagedFile(Path path, String debianPackage) implements Requirement {
        @Override
        public Optional<Missing> missing() {
            return Files.exists(path)
                    ? Optional.empty()
                    : Optional.of(new Missing(path.toString(), "apt install " + debianPackage, Remedy.DEBIAN_PACKAGE));
        }
    }

    /** A file that the kernel shows when it has the feature, such as {@code /dev/fuse}. */
    record KernelFile(Path path, String feature) implements Requirement {
        @Override
        public Optional<Missing> missing() {
            return Files.exists(path)
                    ? Optional.empty()
                    : Optional.of(new Missing(path.toString(), "a kernel with " + feature, Remedy.OTHER_KERNEL));
        }
    }

    /** Something that is made of packages on first use; the last line of what went wrong tells the remedy. */
    record MadeOfPackages(String what, Runnable preparation) implements Requirement {
        @Override
        public Optional<Missing> missing() {
            try {
                preparation.run();
                return Optional.empty();
            } catch (RuntimeException e) {
                String lastLine = e.getMessage().lines().reduce("", (_, line) -> line);
                return Optional.of(new Missing(what, lastLine, Remedy.DEBIAN_PACKAGE));
            }
        }
    }

    static Requirement root() {
        return new Root();
    }

    static Requirement program(String name, String debianPackage) {
        return new Program(name, debianPackage);
    }

    static Requirement madeOfPackages(String what, Runnable preparation) {
        return new MadeOfPackages(what, preparation);
    }

    static Requirement packagedFile(Path path, String debianPackage) {
        return new PackagedFile(path, debianPackage);
    }

    static Requirement kernelFile(String path, String feature) {
        return new KernelFile(Path.of(path), feature);
    }

    /** All that is missing of the given ones, in their order. */
    static List<Missing> missingOf(List<Requirement> requirements) {
        return requirements.stream().map(Requirement::missing).flatMap(Optional::stream).toList();
    }
}
