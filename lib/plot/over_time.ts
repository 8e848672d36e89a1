/** Numbers over the time of episodes: a panel for each of them, below each other, a line for each episode. */

import { signature } from "../graph/arguments.ts";
import * as kind from "../graph/kinds.ts";
import { numbers } from "./numbers.ts";
import type { ChartSpec } from "./chart.ts";
import { faint, theme } from "./theme.ts";

/** A quantity over the time of several episodes. */
export interface OverTime {
  /** The quantity and its unit: "lateral error (m)". */
  title: string;
  /** What is drawn: a line for each episode, its values in order. Where one is not finite the line has a gap. */
  lines: readonly { readonly name: string; readonly values: ArrayLike<number> }[];
}

/** What the chart says beside its lines. */
export interface OverTimeOptions {
  /** What the chart shows, in a few words. */
  title?: string;
  /** The story behind it. */
  subtitle?: string;
  /** Seconds from one value to the next. Default: 1. */
  seconds?: number;
  /** Size of each panel in pixels. Default: 560 by 110. */
  width?: number;
  /** See `width`. */
  height?: number;
}

const takesOverTime = signature("overTime()", {
  panels: kind.listOf(
    kind.having("a panel, { title, lines },", {
      title: kind.text,
      lines: kind.listOf(
        kind.having("a line, { name, values },", { name: kind.text, values: numbers }),
        "a list of lines",
      ),
    }),
    "a list of panels",
  ),
  options: kind.options<OverTimeOptions>({
    title: kind.text,
    subtitle: kind.text,
    seconds: kind.finite,
    width: kind.finite,
    height: kind.finite,
  }),
});

/**
 * Quantities over time, as a vega-lite specification: a panel for each, with a line at 0.
 *
 * @example
 * ```ts
 * import { overTime } from "@plumbline/plumbline";
 *
 * const lateral = { title: "lateral error (m)", lines: [{ name: "lqr", values: [0.4, 0.2, 0.1] }] };
 * console.log("vconcat" in overTime([lateral], { seconds: 0.05 })); // true
 * ```
 */
export function overTime(panels: readonly OverTime[], options: OverTimeOptions = {}): ChartSpec {
  takesOverTime(arguments);
  const { title, subtitle, seconds = 1, width = 560, height = 110 } = options;
  const names = [...new Set(panels.flatMap(({ lines }) => lines.map(({ name }) => name)))];
  const last = panels.length - 1;
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v5.json",
    ...title !== undefined && { title: { text: title, ...subtitle !== undefined && { subtitle } } },
    spacing: 14,
    vconcat: panels.map(({ title, lines }, i) => ({
      width,
      height,
      data: { values: lines.flatMap((line) => rowsOf(line, seconds)) },
      layer: [
        { mark: { type: "rule" as const, color: faint, strokeWidth: 2 }, encoding: { y: { datum: 0 } } },
        {
          mark: { type: "line" as const, strokeWidth: 1.4, tooltip: false },
          encoding: {
            x: {
              field: "time",
              type: "quantitative" as const,
              title: i === last ? "time (s)" : null,
              axis: { labels: i === last },
              scale: { nice: false, zero: false },
            },
            y: { field: "value", type: "quantitative" as const, title: wrapped(title, height), axis: { tickCount: 4 } },
            color: {
              field: "series",
              type: "nominal" as const,
              sort: names,
              legend: names.length < 2 || i > 0 ? null : { orient: "top" as const, title: null, symbolOpacity: 1 },
            },
          },
        },
      ],
    })),
    config: theme,
  };
}

/** Pixels that a letter of a title is wide, about. */
const letter = 6.5;

/** `title` in lines that are no longer than a panel of this height, where its words allow it: it stands upright beside it. */
function wrapped(title: string, height: number): string[] {
  const lines: string[] = [];
  for (const word of title.split(" ")) {
    const longer = lines.length > 0 ? `${lines.at(-1)} ${word}` : word;
    if (lines.length > 0 && longer.length * letter <= height) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

/** JSON has no NaN: what is not finite becomes null, which vega-lite shows as a gap. */
function rowsOf({ name, values }: OverTime["lines"][number], seconds: number) {
  return Array.from(
    values,
    (value, i) => ({ series: name, time: i * seconds, value: Number.isFinite(value) ? value : null }),
  );
}
