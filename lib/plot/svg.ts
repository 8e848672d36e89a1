/** Draws a vega-lite specification as SVG, without a browser. */

import * as vega from "npm:vega@6.4.0";
import { compile, type TopLevelSpec } from "npm:vega-lite@6.5.0";

/** The part of vega's text measuring that its types leave out. */
interface TextMetrics {
  width(item: { fontSize?: number; limit?: number }, text: unknown): number;
}

/** Without a canvas vega takes a letter for 0.8 em wide, which leaves wide margins; sans-serif letters average 0.6 em. */
const { textMetrics } = vega as unknown as { textMetrics: TextMetrics };
textMetrics.width = ({ fontSize = 11, limit = 0 }, text) =>
  Math.min(limit > 0 ? limit : Infinity, 0.6 * fontSize * String(text ?? "").length);

/** Vega speaks to the console otherwise. Its warnings (an axis without data yet) leave a chart that can be shown. */
const silent = {
  level: () => silent,
  error: (message: unknown): never => {
    throw new Error(`The chart cannot be drawn: ${message}.`);
  },
  warn: () => silent,
  info: () => silent,
  debug: () => silent,
};

/** A loader that refuses, and tells `refused` what was wanted: vega itself goes on without the data. */
function inlineOnly(refused: (address: string) => void): vega.Loader {
  const refuse = (address: string): Promise<never> => {
    refused(address);
    return Promise.reject(new Error(`Not loaded: ${address}`));
  };
  return { load: refuse, sanitize: refuse, http: refuse, file: refuse };
}

/**
 * The chart as the text of an SVG file. It is drawn from the data inside the specification: nothing is read from files or
 * the network.
 *
 * @throws Error if the specification is not valid, or wants data from elsewhere.
 */
export async function renderSvg(spec: TopLevelSpec): Promise<string> {
  const runtime = vega.parse(compile(spec, { logger: silent }).spec);
  const wanted: string[] = [];
  const loader = inlineOnly((address) => wanted.push(address));
  const view = new vega.View(runtime, { renderer: "none", loader, logLevel: vega.None });
  try {
    const svg = await view.toSVG();
    if (wanted.length === 0) return svg;
  } finally {
    view.finalize();
  }
  throw new Error(`A chart is drawn from inline data only (data.values), and this one wants ${wanted.join(", ")}.`);
}
