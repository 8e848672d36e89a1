/** Charts are vega-lite's; these are their types' names here. What they hold is told by vega-lite's own documentation. */

import type { Config, TopLevelSpec } from "npm:vega-lite@6.5.0";

/**
 * A chart: a specification of vega-lite (https://vega.github.io/vega-lite/docs/spec.html).
 *
 * @internal
 */
export type ChartSpec = TopLevelSpec;

/**
 * How charts look: a configuration of vega-lite (https://vega.github.io/vega-lite/docs/config.html).
 *
 * @internal
 */
export type ChartConfig = Config;
