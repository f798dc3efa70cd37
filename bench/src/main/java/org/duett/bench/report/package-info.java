/** What a benchmark prints and keeps: figures beside their targets, with machine, commit and command. */
package org.duett.bench.report;
