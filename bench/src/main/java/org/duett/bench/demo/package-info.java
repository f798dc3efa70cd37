/** {@code duett demo}: the main job as a newcomer sees it. */
package org.duett.bench.demo;
