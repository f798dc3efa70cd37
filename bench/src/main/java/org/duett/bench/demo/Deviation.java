package org.duett.bench.demo;

/** Something was not as it must be; the demo ends with this reason. */
final class Deviation extends RuntimeException {
    private static final long serialVersionUID = 1;

    Deviation(String reason) {
        super(reason);
    }
}
