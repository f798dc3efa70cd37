/** How a mistake is planted in a copy of a module's classes, for the tests that ask whether the simulators' checkers bite. Nothing that runs in service knows it. */
package org.duett.replicator.simulator.planted;
