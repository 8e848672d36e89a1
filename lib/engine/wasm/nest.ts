/**
 * How the elements of a kernel are gone through: straight on, row by row, or column by column with four rows at a time. What
 * is best depends on how the values in memory lie to each other; each way is priced, and the cheapest taken.
 */

import type { Expr, Interner } from "../fused/expr.ts";
import { add, constant, type Ix, scale, variable, variables } from "../fused/ix.ts";
import { costly } from "../fused/target.ts";
import { isRow, laneIndex, patternOf, type Spread, type View } from "./lanes.ts";
import type { Scope } from "./scope.ts";
import { insideOf } from "./values.ts";

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

/** Row by row. */
function rows(name: string, size: number, width: number): Block {
  const count = size / width;
  const groups = Math.floor(width / 4);
  const row = scale(variable("x0", 0, count - 1), width);
  const column = add(row, scale(variable("x1", 0, groups - 1), 4));
  const main: Block = { name: "x1", count: groups, inner: [], views: [view(name, column, 1)] };
  return { name: "x0", count, inner: [main], views: rest(name, add(row, constant(4 * groups)), width % 4) };
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

/** Columns are written out up to so many. */
const mostColumns = 16;
/** What runs once is gone through straight on, up to so many elements. */
const mostUnsearched = 4096;
/** The most widths that are tried. */
const mostWidths = 4;

/** What is to be computed at each element. */
export interface Work {
  readonly exprs: Interner;
  readonly roots: readonly Expr[];
  /** Whether the program runs once: then it is not worth a search. */
  readonly brief: boolean;
  /** How often, within one element: the length of a reduction. Its variable is `r`. */
  readonly repeats: number;
}

/** The cheapest way through `size` elements, which the variable `name` counts. */
export function chooseNest(name: string, size: number, work: Work): Block {
  const plain = straight(name, size);
  const isSmall = size < 8 || (work.brief && size * work.repeats <= mostUnsearched);
  const widths = isSmall ? [] : widthsOf(name, size, work);
  if (widths.length === 0) return plain;
  let [best, price] = [plain, priceOf(plain, work)];
  const consider = (block: Block): void => {
    const other = priceOf(block, work);
    if (other < 0.95 * price) [best, price] = [block, other];
  };
  for (const width of widths) {
    if (width > 4 && width % 4 === 0 && size % width === 0) consider(rows(name, size, width));
    else if (width > 6 && size % width === 0) consider(rows(name, size, width));
    if (width <= mostColumns && size % width === 0 && size / width >= 4) consider(columns(name, size, width));
    for (const unroll of [2, 3, 4, 5]) {
      if ((4 * unroll) % width === 0 && size >= 4 * unroll) {
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
  for (const { form } of reached(exprs, roots)) {
    if (form.kind === "load" || form.kind === "index" || form.kind === "within") visitIx(form.ix);
  }
  return [...found].sort((a, b) => a - b).slice(0, mostWidths);
}

/** All expressions behind some. */
export function reached(exprs: Interner, roots: readonly Expr[]): Set<Expr> {
  const seen = new Set<Expr>();
  const visit = (expr: Expr): void => {
    if (seen.has(expr)) return;
    seen.add(expr);
    exprs.operands(expr).forEach(visit);
  };
  roots.forEach(visit);
  return seen;
}

/** What a block costs, in vector operations. What does not depend on the inner loops is computed outside of them. */
export function priceOf(block: Block, work: Work, outer: readonly Block[] = []): number {
  const around = [...outer, block];
  const inside = block.inner.reduce((sum, x) => sum + priceOf(x, work, around), 0);
  const seen = new Set<string>();
  const own = block.views.reduce((sum, x) => sum + priceOfView(x, work, around, seen), 0);
  const turns = around.reduce((product, x) => product * x.count, 1);
  return inside + own + turns;
}

function priceOfView(at: View, { exprs, roots, repeats }: Work, around: readonly Block[], seen: Set<string>): number {
  let price = 0;
  const trips = around.map((_, i) => around.slice(0, i + 1).reduce((product, x) => product * x.count, 1));
  const timesAt = (depth: number): number =>
    depth > around.length ? trips.at(-1)! * repeats : depth === 0 ? 1 : trips[depth - 1]!;
  const depthOf = (ix: Ix): number => {
    let depth = 0;
    for (const name of variables(ix)) {
      if (name === "r") return around.length + 1;
      depth = Math.max(depth, exprs.behind(name) ? around.length : 1 + around.findIndex((x) => x.name === name));
    }
    return depth;
  };
  const depths = new Map<Expr, number>();
  const visit = (expr: Expr): number => {
    const known = depths.get(expr);
    if (known !== undefined) return known;
    depths.set(expr, 0);
    const { form } = expr;
    let depth = 0;
    if (form.kind === "call") {
      let args = form.args;
      if (form.name === "where" && args[0]!.form.kind === "within") {
        const { ix, from, to } = args[0]!.form;
        const inside = insideOf(laneIndex(ix, at), from, to);
        if (inside?.every((x) => x)) args = [args[1]!];
        else if (inside?.every((x) => !x)) args = [args[2]!];
      }
      depth = Math.max(...args.map(visit));
      const cost = form.name === "threefry" ? 100 : costly.has(form.name) ? 12 : 1;
      if (args.length === form.args.length) price += cost * timesAt(depth);
    } else if (form.kind === "core") {
      depth = around.length;
    } else if (form.kind !== "const") {
      exprs.operands(expr).forEach(visit);
      const lanes = laneIndex(form.ix, at);
      depth = Math.max(...lanes.map(depthOf));
      const key = `${expr.form.kind}${form.kind === "load" ? form.node.id : ""}:${lanes.map((x) => x.key)}`;
      if (!seen.has(key)) {
        seen.add(key);
        const pattern = patternOf(lanes);
        const cost = !pattern
          ? 14
          : pattern.span === 0 || isRow(pattern)
          ? 1
          : pattern.span < 4
          ? 2
          : pattern.span < 8
          ? 3
          : 5;
        const divisions = lanes[0].terms.some((t) => t.atom.kind !== "var") ? (pattern ? 2 : 8) : 0;
        price += (cost + divisions) * timesAt(depth);
      }
    }
    depths.set(expr, depth);
    return depth;
  };
  for (const root of roots) {
    visit(root);
    const [spread] = at.spreads.values();
    price += timesAt(around.length) * (spread!.stride === 1 && at.count === 4 ? 1 : at.count);
  }
  return price;
}

/** Writes a block: `body` writes what is done at each place, in a scope of its own. */
export function writeBlock(block: Block, scope: Scope, body: (view: View, scope: Scope) => void): void {
  if (block.count === 0) return;
  const fill = (inner: Scope): void => {
    for (const x of block.inner) writeBlock(x, inner, body);
    for (const x of block.views) {
      const own = inner.child();
      body(x, own);
      inner.code.append(own.code);
    }
  };
  scope.loop(block.name, block.count, fill);
}
