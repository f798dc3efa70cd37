/** Reading of what other programs print as JSON. */
package org.duett.bench.json;
