/**
 * Small matrix products. Results lie side by side in the lanes where the second factor's columns do; where both factors lie
 * along k, the lanes are parts of sums, which are joined four at a time.
 */

import type { Expr } from "../fused/expr.ts";
import { add, constant, factorOf, type Ix, scale, variable } from "../fused/ix.ts";
import { inRuns } from "./accumulate.ts";
import type { Code } from "./encoder.ts";
import { type Kernel, writeStores } from "./emit.ts";
import type { View } from "./lanes.ts";
import type { Scope } from "./scope.ts";

/** How many rows a tile has at most, and how many sums, in vectors: so many do not wait for each other. */
const tileRows = 4;
const tileSums = 8;

/** Products up to this deep are written out. */
const mostWritten = 8;

/** Writes a matrix product. */
export function emitMatmul(kernel: Kernel): void {
  const { draft, scope } = kernel;
  const { a, b, extent: { batch, m, n, k } } = draft.product!;
  const alongK = k >= 8 && isAlong(kernel, b, "k") && isAlong(kernel, a, "k");
  scope.loop("x0", batch, (inner) => {
    const index = variable("x0", 0, batch - 1);
    tiles("x1", m, tileRows, inner, (rows, rowCount, at) => {
      tiles("x2", n, alongK ? 4 : 4 * Math.floor(tileSums / rowCount), at, (columns, columnCount, place) => {
        const tile = { index, rows, rowCount, columns, columnCount };
        if (alongK) tileAlong(kernel, tile, place);
        else tileAcross(kernel, tile, place);
      });
    });
  });
}

/** Whether what a factor reads lies one after another along a variable. */
function isAlong({ draft }: Kernel, factor: Expr, name: string): boolean {
  const loads = [...draft.lowering.exprs.reached([factor])].flatMap(({ form }) =>
    form.kind === "load" ? [form.ix] : []
  );
  return loads.length > 0 && loads.every((ix) => factorOf(ix, name) === 1);
}

/** Part of the result: `rowCount` rows from `rows` on, and columns. */
interface Tile {
  readonly index: Ix;
  readonly rows: Ix;
  readonly rowCount: number;
  readonly columns: Ix;
  readonly columnCount: number;
}

/** A loop over whole tiles of `each`, and what is left. */
function tiles(
  name: string,
  size: number,
  each: number,
  scope: Scope,
  body: (from: Ix, count: number, scope: Scope) => void,
): void {
  const whole = Math.floor(size / each);
  if (whole > 0) scope.loop(name, whole, (inner) => body(scale(variable(name, 0, whole - 1), each), each, inner));
  if (size % each === 0) return;
  const inner = scope.child();
  body(constant(whole * each), size % each, inner);
  scope.code.append(inner.code);
}

/** The lanes of a row's vector of columns; of the columns when `stride` is 1. */
function viewOf(tile: Tile, row: number, column: number, stride: 0 | 1, k: View["spreads"] = new Map()): View {
  const fixed = (base: Ix) => ({ base, stride: 0 });
  const count = stride === 1 ? Math.min(4, tile.columnCount - column) : 4;
  return {
    spreads: new Map([
      ["b", fixed(tile.index)],
      ["m", fixed(add(tile.rows, constant(row)))],
      ["n", { base: add(tile.columns, constant(column)), stride }],
      ...k,
    ]),
    count,
  };
}

function tileAcross(kernel: Kernel, tile: Tile, scope: Scope): void {
  const { draft, values } = kernel;
  const { a, b, extent: { k }, node } = draft.product!;
  const places: { row: number; column: number; sum: number }[] = [];
  for (let row = 0; row < tile.rowCount; row++) {
    for (let column = 0; column < tile.columnCount; column += 4) {
      const sum = scope.code.local("v128");
      scope.code.f32x4(0).set(sum);
      places.push({ row, column, sum });
    }
  }
  const accumulate = (inner: Scope, depth: View["spreads"], sumOf = (sum: number): number => sum): void => {
    const [rights, lefts] = [new Map<number, number>(), new Map<number, number>()];
    for (const { row, column, sum } of places) {
      const x = lefts.get(row) ?? values.value(a, viewOf(tile, row, 0, 0, depth), inner).local;
      const y = rights.get(column) ?? values.value(b, viewOf(tile, row, column, 1, depth), inner).local;
      lefts.set(row, x);
      rights.set(column, y);
      inner.code.get(sumOf(sum)).get(x).get(y).ops("f32x4.mul", "f32x4.add").set(sumOf(sum));
    }
  };
  if (k > mostWritten) {
    const sums = places.map((x) => x.sum);
    sumAlong("k", k, sums, scope, (sumOf, inner) => accumulate(inner, new Map(), sumOf));
  } else for (let i = 0; i < k; i++) accumulate(scope, new Map([["k", { base: constant(i), stride: 0 }]]));
  for (const { row, column, sum } of places) finish(kernel, node.id, viewOf(tile, row, column, 1), sum, scope);
}

function tileAlong(kernel: Kernel, tile: Tile, scope: Scope): void {
  const { draft, values } = kernel;
  const { a, b, extent: { k }, node } = draft.product!;
  const turns = Math.floor(k / 4);
  const sums: number[][] = [];
  for (let row = 0; row < tile.rowCount; row++) {
    sums.push(Array.from({ length: tile.columnCount }, () => {
      const sum = scope.code.local("v128");
      scope.code.f32x4(0).set(sum);
      return sum;
    }));
  }
  const accumulate = (base: Ix, inner: Scope, left: number, sumOf = (sum: number): number => sum): void => {
    const lanes: View["spreads"] = new Map([["k", { base, stride: 1 }]]);
    for (let row = 0; row < tile.rowCount; row++) {
      for (let column = 0; column < tile.columnCount; column++) {
        const view: View = { ...viewOf(tile, row, column, 0, lanes), count: left };
        const [x, y] = [values.value(a, view, inner), values.value(b, view, inner)];
        const sum = sumOf(sums[row]![column]!);
        inner.code.get(sum).get(x.local).get(y.local).op("f32x4.mul");
        if (left < 4) inner.code.i32x4(...maskOf(left)).op("v128.and");
        inner.code.op("f32x4.add").set(sum);
      }
    }
  };
  sumAlong("x3", turns, sums.flat(), scope, (sumOf, inner) => {
    accumulate(scale(variable("x3", 0, turns - 1), 4), inner, 4, sumOf);
  });
  if (k % 4 > 0) {
    const inner = scope.child();
    accumulate(constant(4 * turns), inner, k % 4);
    scope.code.append(inner.code);
  }
  sums.forEach((row, i) => {
    const sum = scope.code.local("v128");
    const parts = [0, 1, 2, 3].map((c) => row[Math.min(c, row.length - 1)]!);
    sumsOfLanes(parts as [number, number, number, number], scope.code);
    scope.code.set(sum);
    finish(kernel, node.id, viewOf(tile, i, 0, 1), sum, scope);
  });
}

/** The most products that are added in a row, and how many at most where there are more. */
const longestRun = 512;
const mostInRun = 128;

/** `turns` turns of `body`, which adds to what `sumOf` gives for each of `sums`. `name` counts them. */
function sumAlong(
  name: string,
  turns: number,
  sums: readonly number[],
  scope: Scope,
  body: (sumOf: (sum: number) => number, scope: Scope) => void,
): void {
  if (turns <= longestRun) {
    scope.loop(name, turns, (inner) => body((sum) => sum, inner));
    return;
  }
  const inner = scope.child();
  const counter = scope.code.local("i32");
  inner.name(`$${name}`, counter);
  inRuns(sums, turns, mostInRun, counter, scope.code, (sumOf, code) => {
    body(sumOf, inner);
    code.append(inner.code);
  });
}

function maskOf(count: number): [number, number, number, number] {
  return [0, 1, 2, 3].map((lane) => -Number(lane < count)) as [number, number, number, number];
}

/** Pushes the sums of the lanes of four vectors, one in each lane. */
function sumsOfLanes([a, b, c, d]: readonly [number, number, number, number], code: Code): void {
  const [low, high] = [code.local("v128"), code.local("v128")];
  const half = (x: number, y: number): void => {
    code.get(x).get(y).lanes(0, 1, 4, 5).get(x).get(y).lanes(2, 3, 6, 7).op("f32x4.add");
  };
  half(a, b);
  code.set(low);
  half(c, d);
  code.set(high);
  code.get(low).get(high).lanes(0, 2, 4, 6).get(low).get(high).lanes(1, 3, 5, 7).op("f32x4.add");
}

function finish(kernel: Kernel, id: number, view: View, sum: number, scope: Scope): void {
  const inner = scope.child();
  inner.name(`core${id}`, sum);
  writeStores(kernel, [view], inner);
  scope.code.append(inner.code);
}
