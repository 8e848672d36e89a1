/** A chart in a notebook that grows while a cell runs. */

import { signature, takeOnly } from "../../graph/arguments.ts";
import type { ChartSpec } from "../../plot/chart.ts";
import { chart, chartBundle, liveBundle, type MimeBundle } from "../../plot/notebook.ts";

/** At most four updates a second, in milliseconds: viewers redraw the chart for each. */
const interval = 250;

const takesNothing = signature("new LiveChart()", {});

/**
 * One display that is updated in place. What comes faster than four times a second is held back; `finish` shows the last.
 *
 * ```ts ignore
 * const chart = new LiveChart();
 * for await (const points of training) await chart.update(rewardCurve([{ name: "reward", points }]));
 * await chart.finish();
 * ```
 */
export class LiveChart {
  readonly #id = `chart-${crypto.randomUUID()}`;
  #last: ChartSpec | null = null;
  #shownAt: number | null = null;

  /** Shows nothing yet. */
  constructor() {
    takesNothing(arguments);
  }

  /** Shows `spec`, or keeps it for later if the last one was shown less than a quarter of a second ago. */
  async update(spec: ChartSpec): Promise<void> {
    this.#last = spec;
    if (this.#shownAt !== null && performance.now() - this.#shownAt < interval) return;
    await this.#send(liveBundle(spec));
  }

  /** Shows the last state in all its representations, for viewers that do not know vega-lite. */
  async finish(): Promise<void> {
    if (this.#last !== null) await this.#send(await chartBundle(this.#last));
  }

  async #send(data: MimeBundle): Promise<void> {
    const type = this.#shownAt === null ? "display_data" : "update_display_data";
    this.#shownAt = performance.now();
    await Deno.jupyter.broadcast(type, { data, metadata: {}, transient: { display_id: this.#id } });
  }
}

takeOnly(LiveChart, { update: { spec: chart } });
