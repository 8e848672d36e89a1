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

/** A longer text goes on in maps below, so that its letters can be read. */
const lettersInLine = 80;

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
  const count = Math.max(1, Math.ceil(length / lettersInLine));
  const lineLength = Math.ceil(length / count);
  const lines = Array.from({ length: count }, (_, i) => lineLength * i);
  // Of one look in every line, whatever stands in it.
  const heaviest = largest(weights, length * heads);
  const [low, high] = [-1, 1].map((sign) => sign * largest(Array.from(deltas ?? [], (x) => sign * x), length));
  return {
    title: { text: options.title ?? "what the heads weigh", ...options.subtitle && { subtitle: options.subtitle } },
    vconcat: lines.flatMap((start) => {
      const line = text.subarray(start, start + lineLength);
      const x = axisOf(line, start);
      const width = length > lettersInLine ? 14 * line.length : Math.max(320, 14 * length);
      const cells = Array.from(line).flatMap((_, t) =>
        Array.from({ length: heads }, (_, k) => ({
          position: start + t,
          head: k + 1,
          weight: weights[(start + t) * heads + k]!,
        }))
      );
      const bars = deltas && Array.from(line, (_, t) => ({ position: start + t, delta: deltas[start + t]! }));
      return [
        {
          ...{ width, height: 22 * heads, data: { values: cells }, mark: "rect" },
          encoding: {
            x,
            y: { field: "head", type: "ordinal", title: "bytes ahead" },
            color: {
              field: "weight",
              type: "quantitative",
              scale: { scheme: "viridis", domain: [0, heaviest] },
              legend: start > 0 ? null : { title: "weight", symbolType: "square" },
            },
          },
        },
        ...bars
          ? [{
            ...{ width, height: 90, data: { values: bars }, mark: { type: "bar", color: palette[1] } },
            encoding: {
              // The letters are those of the map above.
              x: { ...x, axis: null },
              y: { field: "delta", type: "quantitative", title: "change of value", scale: { domain: [low, high] } },
            },
          }]
          : [],
      ];
    }),
    config: theme,
  } as ChartSpec;
}

/** The largest of the first `count`, at least 0. */
function largest(values: ArrayLike<number>, count: number): number {
  let most = 0;
  for (let i = 0; i < count && i < values.length; i++) most = Math.max(most, values[i]!);
  return most;
}

/** The letters of a line, each at its place in the text. */
function axisOf(line: Uint8Array, start: number): object {
  const labelExpr = `${JSON.stringify(Array.from(line, shown))}[datum.value - ${start}]`;
  return { field: "position", type: "ordinal", title: null, axis: { labelExpr, labelAngle: 0, ticks: false } };
}
