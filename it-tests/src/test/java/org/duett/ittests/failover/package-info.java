/** Failover on real interfaces: provers against machines that live, die or hide, and drills with whole clusters. */
package org.duett.ittests.failover;
