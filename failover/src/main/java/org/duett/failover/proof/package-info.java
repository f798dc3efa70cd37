/** Who may act alone: what a proof says, and the programs that ask for it. Unknown is never taken for proven. */
package org.duett.failover.proof;
