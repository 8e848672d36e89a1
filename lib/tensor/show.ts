/**
 * A tensor for people: its numbers as PyTorch and NumPy print them, rows in brackets, columns aligned, of a large one the edges.
 * Showing is no read: nothing leaves the graph by it, no suspect is noted, and what fails now fails again when it is read.
 */

import { statisticsOf, statisticsText } from "../forensics/nonfinite/statistics.ts";
import { PlumblineError } from "../graph/error.ts";
import type { Node } from "../graph/node.ts";
import { type DType, type Shape, sizeOf, type TypedArray } from "../graph/types.ts";
import { evaluate } from "./settle.ts";
import { refuseTraced } from "./refuse.ts";

/** So many numbers are shown, at most. */
const mostShown = 1000;
/** Entries at either end of an axis that is shortened, at most. */
const mostEdges = 3;
/** Characters in a line. */
const lineWidth = 80;
const decimals = 4;
/** Digits of a float32 that stands alone. */
const digits = 7;

/** The indices of an axis that are shown; null for those that are left out. */
type Kept = readonly (number | null)[];

const range = (n: number, from = 0): number[] => Array.from({ length: n }, (_, i) => from + i);

function keptOf(n: number, edges: number): Kept {
  return n <= 2 * edges ? range(n) : [...range(edges), null, ...range(edges, n - edges)];
}

/** As many entries at the edges as there is room for. */
function keptAxes(shape: Shape): readonly Kept[] {
  if (sizeOf(shape) <= mostShown) return shape.map((n) => range(n));
  let edges = mostEdges;
  while (edges > 1 && sizeOf(shape.map((n) => Math.min(n, 2 * edges))) > mostShown) edges--;
  return shape.map((n) => keptOf(n, edges));
}

/** What is not a number with digits; null for the others. */
function wordFor(x: number): string | null {
  return Number.isFinite(x) ? null : String(x);
}

const sign = (x: number): string => x < 0 || Object.is(x, -0) ? "-" : "";

/** How floats of one tensor are written (PyTorch's rules): whole numbers `2.`, others with four digits, or by their exponents. */
function floatFormat(values: readonly number[]): (x: number) => string {
  const sizes = values.filter((x) => Number.isFinite(x) && x !== 0).map(Math.abs);
  const least = sizes.reduce((a, b) => Math.min(a, b), Infinity);
  const most = sizes.reduce((a, b) => Math.max(a, b), 0);
  const isLarge = most > 1e8;
  if (sizes.every(Number.isInteger) && !isLarge) return (x) => `${sign(x)}${Math.abs(x)}.`;
  if (isLarge || least < 1e-4 || most / least > 1000) {
    return (x) => sign(x) + Math.abs(x).toExponential(decimals).replace(/e([+-])(\d)$/, "e$10$2");
  }
  return (x) => sign(x) + Math.abs(x).toFixed(decimals);
}

function formatOf(dtype: DType, values: readonly number[]): (x: number) => string {
  if (dtype === "bool") return (x) => String(x !== 0);
  if (dtype !== "float32") return String;
  const format = floatFormat(values);
  return (x) => wordFor(x) ?? format(x);
}

/** The numbers of a tensor, row-major in `data`, as text of one or more lines. */
export function numbersText(data: TypedArray, dtype: DType, shape: Shape): string {
  if (shape.length === 0) {
    const x = data[0]!;
    return dtype === "float32" ? wordFor(x) ?? `${Number(x.toPrecision(digits))}` : formatOf(dtype, [])(x);
  }
  const kept = keptAxes(shape);
  const strides = shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
  const offsets = (axis: number, offset: number): number[] =>
    axis === shape.length
      ? [offset]
      : kept[axis]!.flatMap((i) => i === null ? [] : offsets(axis + 1, offset + i * strides[axis]!));
  const shown = offsets(0, 0);
  const format = formatOf(dtype, shown.map((i) => data[i]!));
  const width = shown.reduce((most, i) => Math.max(most, format(data[i]!).length), 0);
  const block = (axis: number, offset: number): string => {
    const indent = " ".repeat(axis + 1);
    const entries = kept[axis]!;
    if (axis < shape.length - 1) {
      const blocks = entries.map((i) => i === null ? "..." : block(axis + 1, offset + i * strides[axis]!));
      return `[${blocks.join(`,${"\n".repeat(shape.length - axis - 1)}${indent}`)}]`;
    }
    const texts = entries.map((i) => i === null ? "..." : format(data[offset + i]!).padStart(width));
    const perLine = Math.max(1, Math.floor((lineWidth - indent.length) / (width + 2)));
    const lines = range(Math.ceil(texts.length / perLine)).map((i) => texts.slice(i * perLine, (i + 1) * perLine));
    return `[${lines.map((line) => line.join(", ")).join(`,\n${indent}`)}]`;
  };
  const text = block(0, 0);
  if (shown.length === data.length || dtype === "bool") return text;
  return `${text}\n${statisticsText(statisticsOf(data))}`;
}

/** A line about a tensor, and its numbers. */
function told(headline: string, { dtype, shape }: Node, data: TypedArray): string {
  return `${headline}${shape.length === 0 ? ": " : "\n"}${numbersText(data, dtype, shape)}`;
}

/** `headline` with the numbers if they are in host memory: what can be told at once. */
export function toldNow(headline: string, node: Node): string {
  const data = node.traced ? null : node.value?.hostIfAny ?? null;
  return data && data.length === sizeOf(node.shape) ? told(headline, node, data) : headline;
}

/** `headline` with the numbers, which are computed if need be; or with the error that this raises. */
export async function toldWhole(headline: string, node: Node): Promise<string> {
  const wasKnown = node.value !== null;
  try {
    refuseTraced(node, "display");
    await evaluate([node]);
    const { host, device } = node.value!;
    return told(headline, node, host ?? await device!.read());
  } catch (error) {
    if (!(error instanceof PlumblineError)) throw error;
    // Whoever reads it is to be told too.
    if (!wasKnown) node.value = null;
    return `${headline}\n${error.message}`;
  }
}
