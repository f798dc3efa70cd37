/** What {@code duett bench} can measure: a class to each question that the project asks itself. */
package org.duett.bench.scenario;
