package org.duett.ittests.failover;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeTransform;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.lang.instrument.ClassFileTransformer;
import java.lang.instrument.Instrumentation;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.ProtectionDomain;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import org.duett.replicator.machine.Event;
import org.duett.replicator.machine.HostRequest;

/**
 * A mistake in the core of daemons that are started with it as a Java agent: a write that begins with {@link #MARK} is more than they can
 * handle, until a certain file says that they are mended. The shipped core knows nothing of it.
 */
public final class WriteOfDeath {

    /** Eight bytes, at the beginning of a sector. */
    static final String MARK = "unlucky!";

    private static final long MARK_AS_NUMBER = ByteBuffer.wrap(MARK.getBytes(StandardCharsets.US_ASCII)).getLong();
    private static final int SECTOR_BYTES = 512;
    private static final String MACHINE = "org/duett/replicator/resource/ResourceMachine";
    private static volatile Path mended;

    private WriteOfDeath() {
    }

    // ---- in the test

    /** The option of a JVM; what it needs is put into the folder. */
    static String option(Path folder, Path mended) throws IOException {
        Path jar = folder.resolve("write-of-death.jar");
        var manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        manifest.getMainAttributes().put(new Attributes.Name("Premain-Class"), WriteOfDeath.class.getName());
        try (OutputStream out = Files.newOutputStream(jar); var content = new JarOutputStream(out, manifest)) {
            for (Class<?> each : new Class<?>[]{WriteOfDeath.class, Mistake.class, FirstThing.class}) {
                String name = each.getName().replace('.', '/') + ".class";
                content.putNextEntry(new JarEntry(name));
                try (InputStream in = each.getClassLoader().getResourceAsStream(name)) {
                    in.transferTo(content);
                }
            }
        }
        return "-javaagent:" + jar + "=" + mended;
    }

    // ---- in the daemon

    public static void premain(String mendedWhenThere, Instrumentation instrumentation) {
        mended = Path.of(mendedWhenThere);
        instrumentation.addTransformer(new Mistake());
    }

    /** What the core does first with each event. */
    public static void look(Event event) {
        if (event instanceof Event.HostRequestArrived arrived && isMarked(arrived.request) && !Files.exists(mended)) {
            throw new IllegalStateException("a mistake that was put here by a drill");
        }
    }

    private static boolean isMarked(HostRequest request) {
        if (request.kind != HostRequest.Kind.WRITE) return false;
        for (int at = 0; at < request.lengthBytes; at += SECTOR_BYTES) {
            if (request.payload.getLong(at) == MARK_AS_NUMBER) return true;
        }
        return false;
    }

    private static final class Mistake implements ClassFileTransformer {
        @Override
        public byte[] transform(ClassLoader loader, String name, Class<?> redefined, ProtectionDomain domain, byte[] bytes) {
            if (!MACHINE.equals(name)) return null;
            ClassFile file = ClassFile.of(ClassFile.ClassHierarchyResolverOption.of(ClassHierarchyResolver.ofResourceParsing(loader)));
            return file.transformClass(file.parse(bytes), ClassTransform.transformingMethodBodies(method -> method.methodName().equalsString("handle"), new FirstThing()));
        }
    }

    private static final class FirstThing implements CodeTransform {
        @Override
        public void atStart(CodeBuilder code) {
            code.aload(code.parameterSlot(0));
            code.invokestatic(ClassDesc.of(WriteOfDeath.class.getName()), "look",
                    MethodTypeDesc.of(ConstantDescs.CD_void, ClassDesc.of(Event.class.getName())));
        }

        @Override
        public void accept(CodeBuilder code, CodeElement element) {
            code.with(element);
        }
    }
}
