/** Writes that can be recognised, and the list of what was acknowledged: the witness of what a mirror must still have. */
package org.duett.bench.verify;
