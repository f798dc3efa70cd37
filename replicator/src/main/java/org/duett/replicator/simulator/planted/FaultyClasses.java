package org.duett.replicator.simulator.planted;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;
import java.net.URI;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.tools.FileObject;
import javax.tools.ForwardingJavaFileManager;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileManager;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;

/** All classes of one module once more, in a class loader of its own, with one file compiled anew with a fault in it. */
public final class FaultyClasses extends ClassLoader {
    private final String ours;
    private final Map<String, byte[]> faulty;

    public FaultyClasses(PlantedFault fault) {
        super(FaultyClasses.class.getClassLoader());
        ours = fault.root() + ".";
        faulty = compile(fault);
        setDefaultAssertionStatus(true);
    }

    /** Something that these classes do, by reflection. */
    public interface Life {
        void live(FaultyClasses classes) throws ReflectiveOperationException;
    }

    /** What goes wrong in a life; null: nothing did. */
    public Throwable complaintOf(Life life) throws ReflectiveOperationException {
        try {
            life.live(this);
            return null;
        } catch (InvocationTargetException e) {
            // The loader's own trouble is no proof of anything.
            if (e.getCause() instanceof LinkageError broken) throw broken;
            return e.getCause();
        }
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
        if (!name.startsWith(ours)) return super.loadClass(name, resolve);
        synchronized (getClassLoadingLock(name)) {
            Class<?> known = findLoadedClass(name);
            if (known != null) return known;
            byte[] bytes = faulty.containsKey(name) ? faulty.get(name) : shipped(name);
            return defineClass(name, bytes, 0, bytes.length);
        }
    }

    private byte[] shipped(String name) throws ClassNotFoundException {
        try (InputStream in = getParent().getResourceAsStream(name.replace('.', '/') + ".class")) {
            if (in == null) throw new ClassNotFoundException(name);
            return in.readAllBytes();
        } catch (IOException e) {
            throw new ClassNotFoundException(name, e);
        }
    }

    private static Map<String, byte[]> compile(PlantedFault fault) {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        StringWriter complaints = new StringWriter();
        List<String> options = List.of("-classpath", System.getProperty("java.class.path"), "-proc:none", "-nowarn", "-Xlint:none");
        try (MemoryFiles files = new MemoryFiles(compiler.getStandardFileManager(null, null, null))) {
            boolean compiled = compiler.getTask(complaints, files, null, options, null, List.of(new Source(fault))).call();
            if (!compiled) throw new AssertionError(fault + " does not compile:\n" + complaints);
            return files.classes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static final class Source extends SimpleJavaFileObject {
        private final String text;

        Source(PlantedFault fault) {
            super(URI.create("string:///" + fault.className().replace('.', '/') + Kind.SOURCE.extension), Kind.SOURCE);
            text = fault.faultySource();
        }

        @Override
        public CharSequence getCharContent(boolean ignoreEncodingErrors) {
            return text;
        }
    }

    private static final class MemoryFiles extends ForwardingJavaFileManager<JavaFileManager> {
        private final Map<String, ByteArrayOutputStream> written = new HashMap<>();

        MemoryFiles(JavaFileManager files) {
            super(files);
        }

        @Override
        public JavaFileObject getJavaFileForOutput(Location location, String className, JavaFileObject.Kind kind, FileObject sibling) {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            written.put(className, bytes);
            return new SimpleJavaFileObject(URI.create("bytes:///" + className.replace('.', '/') + kind.extension), kind) {
                @Override
                public OutputStream openOutputStream() {
                    return bytes;
                }
            };
        }

        Map<String, byte[]> classes() {
            Map<String, byte[]> classes = new HashMap<>();
            written.forEach((name, bytes) -> classes.put(name, bytes.toByteArray()));
            return classes;
        }
    }
}
