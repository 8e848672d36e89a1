/** Charts in notebooks: interactive where the viewer knows vega-lite, a picture and a line of text where it does not. */

import { signature } from "../graph/arguments.ts";
import { type Kind, kindOf } from "../graph/kinds.ts";
import type { ChartSpec } from "./chart.ts";

/** A bundle of representations of one chart, by media type. */
export type MimeBundle = Record<string, unknown>;

/** What a notebook shows as the result of a cell. */
export interface Displayable {
  /** The chart in all its representations. */
  [key: symbol]: () => Promise<MimeBundle>;
}

/** JupyterLab 4 draws this type; it does not know version 6. */
const vegaLiteType = "application/vnd.vegalite.v5+json";
const vegaLiteSchema = "https://vega.github.io/schema/vega-lite/v5.json";

/** One of these says what is drawn. */
const drawings = ["mark", "layer", "concat", "hconcat", "vconcat", "spec"];

/** A chart, as an argument. */
export const chart: Kind = kindOf(
  "a chart, as rewardCurve() gives it,",
  (x) => typeof x === "object" && x !== null && drawings.some((name) => Object.hasOwn(x, name)),
);

const takesDisplay = signature("display()", { spec: chart });

/** Shows a chart: the last expression of a cell, or an argument of `Deno.jupyter.display`. */
export function display(spec: ChartSpec): Displayable {
  takesDisplay(arguments);
  return { [Symbol.for("Jupyter.display")]: () => chartBundle(spec) };
}

/** The chart in all its representations. */
export async function chartBundle(spec: ChartSpec): Promise<MimeBundle> {
  // Vega is large: whoever draws nothing does not load it.
  const { renderSvg } = await import("./svg.ts");
  return { ...liveBundle(spec), "image/svg+xml": await renderSvg(spec) };
}

/** The chart as what is quick to make: for displays that change several times a second. */
export function liveBundle(spec: ChartSpec): MimeBundle {
  return { [vegaLiteType]: { ...spec, $schema: vegaLiteSchema }, "text/plain": `[chart${titleOf(spec)}]` };
}

function titleOf({ title }: ChartSpec): string {
  const text = title !== null && typeof title === "object" && "text" in title ? title.text : title;
  return typeof text === "string" ? `: ${text}` : "";
}

/** Whether this process is a notebook's kernel. */
export function inNotebook(): boolean {
  try {
    return Deno.jupyter !== undefined;
  } catch {
    // Elsewhere the property throws.
    return false;
  }
}
