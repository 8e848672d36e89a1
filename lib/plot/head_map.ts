/** What the heads of a language model weigh over a text: a heat map of weights, and bars of the changes of a value. */

import { signature } from "../graph/arguments.ts";
import * as kind from "../graph/kinds.ts";
import { numbers } from "./numbers.ts";
import type { ChartSpec } from "./chart.ts";
import { palette, theme } from "./theme.ts";

/** What is drawn. */
export interface HeadMapParts {
  /** The bytes. */
  text: Uint8Array;
  /** How many heads there are. */
  heads: number;
  /** `[time, head]`. */
  weights: ArrayLike<number>;
  /** `[time]`: how much each byte changes the value, where there is one. */
  deltas?: ArrayLike<number>;
}

/** What the chart says beside that. */
export interface HeadMapOptions {
  /** What it shows, in a few words. */
  title?: string;
  /** The story behind it. */
  subtitle?: string;
}

const takesMap = signature("headMap()", {
  parts: kind.having("{ text, heads, weights, deltas }", {
    text: kind.kindOf("bytes", (x) => x instanceof Uint8Array),
    heads: kind.count(1),
    weights: numbers,
  }, { deltas: kind.optional(numbers) }),
  options: kind.options<HeadMapOptions>({ title: kind.text, subtitle: kind.text }),
});

/** A byte as a person sees it. */
const shown = (x: number): string =>
  x === 32 ? "\u2423" : x === 10 ? "\u21b5" : x > 32 && x < 127 ? String.fromCharCode(x) : "\u00b7";

/** Characters that fit below the map. */
const mostLetters = 80;

/**
 * The weights of heads at each byte of a text, and how much each byte changes a critic's value, if there is a critic, as a vega-lite
 * specification.
 *
 * @throws RangeError unless there is a weight for each byte and head, and a delta for each byte.
 *
 * @example
 * ```ts
 * import { headMap } from "@plumbline/plumbline";
 *
 * const text = new TextEncoder().encode("1+1=3.");
 * const spec = headMap({ text, heads: 2, weights: new Float32Array(12).fill(0.5), deltas: [0, 0, 0, 0, -0.5, 0] });
 * console.log("vconcat" in spec); // true
 * ```
 */
export function headMap(parts: HeadMapParts, options: HeadMapOptions = {}): ChartSpec {
  takesMap(arguments);
  const { text, heads, weights, deltas } = parts;
  const { length } = text;
  if (weights.length < length * heads || (deltas && deltas.length < length)) {
    throw new RangeError(
      `headMap() takes ${
        length * heads
      } weights and ${length} deltas, if any, for ${length} bytes and ${heads} heads, ` +
        `not ${weights.length} and ${deltas?.length ?? 0}.`,
    );
  }
  const width = Math.max(320, Math.min(14 * length, 1200));
  const letters = Array.from(text, shown);
  const labels = length <= mostLetters ? `${JSON.stringify(letters)}[datum.value]` : "datum.value";
  const x = {
    field: "position",
    type: "ordinal",
    title: length <= mostLetters ? null : "byte",
    axis: {
      labelExpr: labels,
      labelAngle: 0,
      ticks: false,
      ...length > mostLetters && { values: Array.from({ length: Math.ceil(length / 16) }, (_, i) => 16 * i) },
    },
  };
  const cells = Array.from(text).flatMap((_, t) =>
    Array.from({ length: heads }, (_, k) => ({ position: t, head: k + 1, weight: weights[t * heads + k]! }))
  );
  const bars = deltas && Array.from(text, (_, t) => ({ position: t, delta: deltas[t]! }));
  return {
    title: { text: options.title ?? "what the heads weigh", ...options.subtitle && { subtitle: options.subtitle } },
    vconcat: [
      {
        ...{ width, height: 22 * heads, data: { values: cells }, mark: "rect" },
        encoding: {
          x,
          y: { field: "head", type: "ordinal", title: "bytes ahead" },
          color: {
            field: "weight",
            type: "quantitative",
            scale: { scheme: "viridis", domainMin: 0 },
            legend: { title: "weight", symbolType: "square" },
          },
        },
      },
      ...bars
        ? [{
          ...{ width, height: 90, data: { values: bars }, mark: { type: "bar", color: palette[1] } },
          encoding: { x, y: { field: "delta", type: "quantitative", title: "change of value" } },
        }]
        : [],
    ],
    config: theme,
  } as ChartSpec;
}
