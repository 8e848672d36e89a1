/**
 * How the elements of a kernel are gone through: straight on, row by row, or column by column with four rows at a time. What
 * is best depends on how the values in memory lie to each other; each way is priced, and the cheapest taken.
 */

import { add, constant, type Ix, scale, variable, variables } from "../fused/ix.ts";
import { edgesOf } from "./edges.ts";
import type { Spread, View } from "./lanes.ts";
import { priceOf, type Work } from "./price.ts";
import type { Scope } from "./scope.ts";

/** A loop around blocks, and places of four lanes after them. */
export interface Block {
  readonly name: string;
  readonly count: number;
  readonly inner: readonly Block[];
  readonly views: readonly View[];
}

const view = (variableName: string, base: Ix, stride: number, count = 4): View => ({
  spreads: new Map<string, Spread>([[variableName, { base, stride }]]),
  count,
});

/** The lanes of `count` elements from `from` on, `stride` apart. */
function rest(name: string, from: Ix, count: number, stride = 1): View[] {
  const views: View[] = [];
  for (let i = 0; i < count; i += 4) {
    views.push(view(name, add(from, constant(i * stride)), stride, Math.min(4, count - i)));
  }
  return views;
}

/** Straight on, `unroll` vectors in a turn. */
export function straight(name: string, size: number, unroll = 1): Block {
  const each = 4 * unroll;
  const turns = Math.floor(size / each);
  const base = scale(variable("x0", 0, turns - 1), each);
  const main: Block = { name: "x0", count: turns, inner: [], views: rest(name, base, each) };
  const tail = rest(name, constant(turns * each), size - turns * each);
  return { name: "", count: 1, inner: turns > 0 ? [main] : [], views: tail };
}

/** Row by row, `unroll` vectors in a turn. */
function rows(name: string, size: number, width: number, unroll: number): Block {
  const count = size / width;
  const each = 4 * unroll;
  const groups = Math.floor(width / each);
  const row = scale(variable("x0", 0, count - 1), width);
  const column = add(row, scale(variable("x1", 0, groups - 1), each));
  const main: Block = { name: "x1", count: groups, inner: [], views: rest(name, column, each) };
  const tail = rest(name, add(row, constant(each * groups)), width % each);
  return { name: "x0", count, inner: groups > 0 ? [main] : [], views: tail };
}

/** Four rows at a time, column by column. */
function columns(name: string, size: number, width: number): Block {
  const count = size / width;
  const groups = Math.floor(count / 4);
  const row = scale(variable("x0", 0, groups - 1), 4 * width);
  const each = (from: Ix, lanes: number): View[] =>
    Array.from({ length: width }, (_, c) => view(name, add(from, constant(c)), width, lanes));
  const main: Block = { name: "x0", count: groups, inner: [], views: each(row, 4) };
  const tail = count % 4 === 0 ? [] : each(constant(4 * groups * width), count % 4);
  return { name: "", count: 1, inner: groups > 0 ? [main] : [], views: tail };
}

/** Straight on, from edge to edge: between them it is known which of the pieces that were joined is looked at. */
function segments(name: string, edges: readonly number[]): Block {
  const inner = edges.slice(1).map((end, i): Block => {
    const [from, turns] = [constant(edges[i]!), Math.floor((end - edges[i]!) / 4)];
    const base = add(from, scale(variable("x0", 0, turns - 1), 4));
    const main: Block = { name: "x0", count: turns, inner: [], views: [view(name, base, 1)] };
    const tail = rest(name, add(from, constant(4 * turns)), (end - edges[i]!) % 4);
    return { name: "", count: 1, inner: turns > 0 ? [main] : [], views: tail };
  });
  return { name: "", count: 1, inner, views: [] };
}

/** Columns are written out up to so many. */
export const mostColumns = 16;
/** So many vectors are written out to make whole rows. */
const mostWritten = 9;
/** What runs once is gone through straight on, up to so many elements. */
const mostUnsearched = 4096;
/** The most widths that are tried. */
const mostWidths = 4;

/** The cheapest way through `size` elements, which the variable `name` counts; `abreast` vectors in a turn where it goes straight on. */
export function chooseNest(name: string, size: number, work: Work, abreast = 1): Block {
  const plain = straight(name, size, abreast);
  const isSmall = size < 8 || (work.brief && size * work.repeats <= mostUnsearched);
  const widths = isSmall ? [] : widthsOf(name, size, work);
  const edges = isSmall ? [] : edgesOf(name, size, work);
  if (widths.length === 0 && edges.length === 0) return plain;
  let [best, price] = [plain, priceOf(plain, work)];
  const consider = (block: Block): void => {
    const other = priceOf(block, work, 0.95 * price);
    if (other < 0.95 * price) [best, price] = [block, other];
  };
  if (edges.length > 0) consider(segments(name, edges));
  for (const width of widths) {
    if (size % width === 0) {
      if (width > 6) consider(rows(name, size, width, abreast));
      if (width <= mostColumns && size / width >= 4) consider(columns(name, size, width));
    }
    for (let unroll = 2; unroll <= mostWritten; unroll++) {
      if (unroll !== abreast && (4 * unroll) % width === 0 && size >= 4 * unroll) {
        consider(straight(name, size, unroll));
        break;
      }
    }
  }
  return best;
}

/** By which numbers indices are divided. */
function widthsOf(name: string, size: number, { exprs, roots }: Work): number[] {
  const found = new Set<number>();
  const visitIx = (ix: Ix): void => {
    for (const { atom } of ix.terms) {
      if (atom.kind === "var") continue;
      if (atom.by > 1 && atom.by < size && variables(atom.of).has(name)) found.add(atom.by);
      visitIx(atom.of);
    }
  };
  for (const { form } of exprs.reached(roots)) {
    if (form.kind === "load" || form.kind === "index" || form.kind === "within") visitIx(form.ix);
  }
  return [...found].sort((a, b) => a - b).slice(0, mostWidths);
}

/** Writes a block: `body` writes what is done at some places, up to `abreast` of them, in a scope of their own. */
export function writeBlock(
  block: Block,
  scope: Scope,
  body: (views: readonly View[], scope: Scope) => void,
  abreast = 1,
): void {
  if (block.count === 0) return;
  scope.loop(block.name, block.count, (inner) => {
    for (const x of block.inner) writeBlock(x, inner, body, abreast);
    for (let i = 0; i < block.views.length; i += abreast) {
      const own = inner.child();
      body(block.views.slice(i, i + abreast), own);
      inner.code.append(own.code);
    }
  });
}
