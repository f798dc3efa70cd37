/** What is measured and driven: things that serve a volume over NBD, and our own client to them. */
package org.duett.bench.target;
