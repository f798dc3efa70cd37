package org.duett.failover.config.imported;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A STONITH device of a {@code stonith_host} line, as a fence agent of today. Its password is not taken along. */
record FenceDevice(String node, String program, Map<String, String> options) {
    private static final String PASSWORD_SCRIPT = "/etc/duett/fence-password";
    private static final int FIRST_PARAMETER = 3;

    /** {@code stonith_host FROM TYPE PARAMETER ...}; what each parameter is depends on the type. */
    static Optional<FenceDevice> of(SourceLine line, List<Remark> remarks) {
        if (line.words().size() < FIRST_PARAMETER) {
            remarks.add(line.remarkWithout(FIRST_PARAMETER, "it has no type"));
            return Optional.empty();
        }
        String type = line.words().get(2);
        List<String> parameters = line.words().subList(FIRST_PARAMETER, line.words().size());
        Optional<FenceDevice> device = switch (type) {
            // HOST ADDRESS USER PASSWORD [INTERFACE]
            case "external/ipmi", "ipmilan", "external/ipmitool" -> parameters.size() < 3 ? Optional.empty()
                    : Optional.of(new FenceDevice(parameters.get(0), "fence_ipmilan", options("ip", parameters.get(1), "username", parameters.get(2),
                            "lanplus", parameters.contains("lanplus") ? "1" : "0")));
            // HOST ADDRESS USER PASSWORD
            case "external/riloe", "external/drac5", "external/ibmrsa" -> parameters.size() < 3 ? Optional.empty()
                    : Optional.of(new FenceDevice(parameters.get(0), agentOfCard(type), options("ip", parameters.get(1), "username", parameters.get(2))));
            default -> Optional.empty();
        };
        remarks.add(line.remarkWithout(FIRST_PARAMETER, device.isPresent()
                ? "taken over for " + device.get().program() + " without its password: " + PASSWORD_SCRIPT + " has to be a program that prints it"
                : whyNot(type)));
        return device;
    }

    private static String agentOfCard(String type) {
        return switch (type) {
            case "external/riloe" -> "fence_ilo";
            case "external/drac5" -> "fence_drac5";
            default -> "fence_rsa";
        };
    }

    private static String whyNot(String type) {
        return switch (type) {
            case "meatware" -> "a person confirms: duett cluster confirm-peer-down, which is always possible";
            case "ssh", "external/ssh", "null" -> "it cannot switch off a node that does not answer, and was never a proof";
            case "suicide" -> "a node cannot prove that it has switched itself off; use a watchdog beside another proof";
            default -> "write a 'proof fence-agent' by hand; 'fence_...' programs exist for most devices";
        };
    }

    private static Map<String, String> options(String... namesAndValues) {
        Map<String, String> options = new LinkedHashMap<>();
        for (int index = 0; index < namesAndValues.length; index += 2) options.put(namesAndValues[index], namesAndValues[index + 1]);
        options.put("password_script", PASSWORD_SCRIPT);
        return options;
    }
}
