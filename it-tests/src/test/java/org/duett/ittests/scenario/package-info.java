/** What happens to two nodes and the cable between them, one class to a scenario, each judged by what a program wrote and by the disks. */
package org.duett.ittests.scenario;
