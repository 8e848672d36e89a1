/** What the bench says: a table for the terminal, JSON, and a chart of the ratios. */

import type { TopLevelSpec } from "vega-lite";
import type { Outcome, Result } from "./race.ts";

/** A run of the bench. */
export interface Report {
  /** ISO 8601. */
  readonly date: string;
  readonly machine: {
    readonly cores: number;
    readonly system: string;
    readonly deno: string;
    /** Load average over the last minute, before and after: above 0 at the start means that others were at work. */
    readonly load: readonly [number, number];
  };
  readonly quick: boolean;
  readonly outcomes: readonly Outcome[];
}

function digits(x: number): string {
  return Number.isInteger(x) || Math.abs(x) >= 1000 ? `${Math.round(x)}` : x.toPrecision(3);
}

function row(
  name: string,
  { medianMs, quartilesMs: [low, high], ratio, ratioRange: [least, most], details }: Result,
): string {
  const times = `${digits(medianMs)} ms`.padStart(10) + `  (${digits(low)}..${digits(high)})`.padEnd(20);
  const ratios = `x ${ratio.toFixed(2)}`.padStart(8) + `  (${least.toFixed(2)}..${most.toFixed(2)})`.padEnd(18);
  const more = Object.entries(details ?? {}).map(([name, x]) => `${name} ${digits(x)}`).join(", ");
  return `  ${name.padEnd(18)}${times}${ratios}${more}`.trimEnd();
}

/** A case as lines of text. Times are medians with quartiles, ratios medians of the rounds with their range. */
export function outcomeText({ case: name, results, refusals }: Outcome): string {
  const rows = Object.entries(results).map(([contestant, result]) => row(contestant, result));
  const absent = Object.entries(refusals).map(([contestant, why]) => `  ${contestant.padEnd(18)}-  ${why}`);
  return [name, ...rows, ...absent].join("\n");
}

/** A vega-lite chart of how many times as long the others take as the first contestant of each case. */
export function ratioChart({ date, outcomes }: Report): TopLevelSpec {
  const values = outcomes.flatMap(({ case: name, results }) => {
    const [first, ...others] = Object.entries(results);
    return others.map(([contestant, { ratio, ratioRange: [low, high] }]) => ({
      case: `${name} (1 = ${first![0]})`,
      contestant,
      ratio,
      low,
      high,
    }));
  });
  const y = { field: "contestant", type: "nominal", title: null } as const;
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v5.json",
    title: `Time relative to this library, ${date.slice(0, 10)}; right of 1 it is the faster`,
    data: { values },
    facet: { row: { field: "case", type: "nominal", title: null, header: { labelAngle: 0, labelAlign: "left" } } },
    resolve: { scale: { y: "independent" } },
    spec: {
      width: 420,
      height: { step: 18 },
      layer: [
        {
          mark: "bar",
          encoding: { x: { field: "ratio", type: "quantitative", scale: { type: "log" }, title: "times as long" }, y },
        },
        {
          mark: { type: "rule", strokeWidth: 2 },
          encoding: { x: { field: "low", type: "quantitative", title: "" }, x2: { field: "high" }, y },
        },
        { mark: { type: "rule", color: "firebrick" }, encoding: { x: { datum: 1, type: "quantitative" } } },
      ],
    },
  };
}
