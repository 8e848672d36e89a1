/** Kernels as WebAssembly: maps, reductions and running sums. Matrix products are in `matmul.ts`. */

import { type Draft, innerIndex, type ReduceNode } from "../fused/draft.ts";
import type { Expr } from "../fused/expr.ts";
import { constant, flatten, type Ix, scale, variable } from "../fused/ix.ts";
import type { Stores } from "../fused/place.ts";
import { type Accumulator, join, joinLanes, neutralBits, startAccumulator, sumOfSums } from "./accumulate.ts";
import { abreast, neededFor } from "./abreast.ts";
import type { View } from "./lanes.ts";
import { chooseNest, straight, writeBlock } from "./nest.ts";
import { priceOf } from "./price.ts";
import type { Scope } from "./scope.ts";
import type { Values } from "./values.ts";

/** A kernel that is being written. */
export interface Kernel {
  readonly draft: Draft;
  readonly stores: Stores;
  readonly values: Values;
  readonly scope: Scope;
  /** Whether the program runs once. */
  readonly brief: boolean;
}

const resultsOf = ({ stores }: Kernel): Expr[] => stores.map((x) => x.part.result);

/** Writes the element-wise part to its places, at several views side by side. */
export function writeStores({ draft, stores, values }: Kernel, views: readonly View[], scope: Scope): void {
  const { exprs, outer } = draft.lowering;
  const done = views.map(() => new Set<Expr>());
  for (const { part, place } of stores) {
    if (views.length > 1) {
      const needed = views.map((view, i) => neededFor(exprs, part.result, view, done[i]!));
      const most = Math.max(...needed.map((x) => x.length));
      for (let n = 0; n < most; n++) {
        views.forEach((view, i) => needed[i]![n] && values.value(needed[i]![n]!, view, scope));
      }
    }
    for (const view of views) values.store(place, outer, values.value(part.result, view, scope), view, scope);
  }
}

/** Some vectors at a time. */
export function emitMap(kernel: Kernel): void {
  const { draft, scope, brief } = kernel;
  const { exprs } = draft.lowering;
  const work = { exprs, roots: resultsOf(kernel), repeats: 1, brief };
  const count = brief ? 1 : abreast(exprs, work.roots);
  const nest = chooseNest("i", draft.size, work, count);
  writeBlock(nest, scope, (views, inner) => writeStores(kernel, views, inner), count);
}

/** Whether results lie side by side in the lanes, or the parts of one result: whichever is cheaper. */
export function emitReduce(kernel: Kernel): void {
  const { draft, scope, brief } = kernel;
  const { exprs } = draft.lowering;
  const items = draft.items().map((x) => x.item);
  const work = { exprs, roots: [...items, ...resultsOf(kernel)], repeats: draft.length, brief };
  const across = chooseNest("i", draft.size, work);
  const results = { name: "x0", count: draft.size, inner: [], views: [oneResult(draft.size)] };
  const along = straight("r", draft.length);
  const shuffles = 8 * items.length;
  const acrossPrice = priceOf(across, work);
  const finish = priceOf(results, { exprs, roots: resultsOf(kernel), repeats: 1, brief }) / draft.size;
  const alongPrice = draft.size * (priceOf(along, { exprs, roots: items, repeats: 1, brief }) + shuffles + finish);
  if (draft.length < 4 || acrossPrice <= alongPrice) {
    writeBlock(across, scope, ([view], inner) => {
      reduceAcross(kernel, view!, inner);
      writeStores(kernel, [view!], inner);
    });
  } else {
    writeBlock(results, scope, ([view], inner) => {
      reduceAlong(kernel, view!, inner);
      writeStores(kernel, [view!], inner);
    });
  }
}

/** The place of one result, in all lanes, in a loop over all. */
function oneResult(size: number): View {
  return { spreads: new Map([["i", { base: variable("x0", 0, size - 1), stride: 0 }]]), count: 1 };
}

function stagesOf(draft: Draft): { node: ReduceNode; item: Expr }[][] {
  const all = draft.items();
  const stages = Math.max(...all.map((x) => x.stage)) + 1;
  return Array.from(
    { length: stages },
    (_, stage) => all.filter((x) => x.stage === stage).map(({ node, item }) => ({ node: node as ReduceNode, item })),
  );
}

function nameResult({ node, local, places }: Accumulator, uniform: boolean, scope: Scope): void {
  scope.name(`core${node.id}`, places ?? local, uniform);
}

/** A result in each lane. */
function reduceAcross({ draft, values }: Kernel, view: View, scope: Scope): void {
  for (const items of stagesOf(draft)) {
    const accumulators = items.map(({ node }) => startAccumulator(node, scope));
    const inner = scope.child();
    const counter = scope.code.local("i32");
    inner.name("$r", counter);
    const found = draft.length === 0 ? [] : items.map(({ item }) => values.value(item, view, inner).local);
    sumOfSums(accumulators, draft.length, counter, scope.code, (at, code) => {
      code.append(inner.code);
      accumulators.forEach((a, i) => {
        let index: number | null = null;
        if (a.places !== null) code.get(counter).op("i32x4.splat").set(index = code.local("v128"));
        join(at(a), found[i]!, index, code);
      });
    });
    for (const a of accumulators) nameResult(a, view.spreads.get("i")!.stride === 0, scope);
  }
}

/** One result, of which each lane adds up a part. */
function reduceAlong({ draft, values }: Kernel, view: View, scope: Scope): void {
  const turns = Math.floor(draft.length / 4);
  const along = (base: Ix, count: number): View => ({
    spreads: new Map([...view.spreads, ["r", { base, stride: 1 }]]),
    count,
  });
  for (const items of stagesOf(draft)) {
    const accumulators = items.map(({ node }) => startAccumulator(node, scope));
    const inner = scope.child();
    const counter = scope.code.local("i32");
    inner.name("$q", counter);
    const main = along(scale(variable("q", 0, turns - 1), 4), 4);
    if (turns === 1) scope.code.i32(0).set(counter);
    const found = items.map(({ item }) => values.value(item, main, inner).local);
    sumOfSums(accumulators, turns, counter, scope.code, (at, code) => {
      code.append(inner.code);
      accumulators.forEach((a, i) => {
        let index: number | null = null;
        if (a.places !== null) {
          code.get(counter).i32(2).op("i32.shl").op("i32x4.splat").i32x4(0, 1, 2, 3).op("i32x4.add");
          code.set(index = code.local("v128"));
        }
        join(at(a), found[i]!, index, code);
      });
    });
    const left = draft.length % 4;
    if (left > 0) joinRest(accumulators, items.map((x) => x.item), along(constant(4 * turns), left), scope, values);
    for (const a of accumulators) {
      joinLanes(a, scope.code);
      nameResult(a, true, scope);
    }
  }
}

/** The last values of a row, which do not fill all lanes. */
function joinRest(
  accumulators: readonly Accumulator[],
  items: readonly Expr[],
  view: View,
  scope: Scope,
  values: Values,
): void {
  const inner = scope.child();
  const { code } = inner;
  accumulators.forEach((a, i) => {
    const value = values.value(items[i]!, view, inner).local;
    const held = code.local("v128");
    const masks = [0, 1, 2, 3].map((lane) => -Number(lane < view.count)) as [number, number, number, number];
    code.get(value).i32x4(neutralBits(a)).i32x4(...masks).op("v128.bitselect").set(held);
    let index: number | null = null;
    if (a.places !== null) {
      const first = view.spreads.get("r")!.base.offset;
      const places = [0, 1, 2, 3].map((lane) => lane < view.count ? first + lane : 0x7fffffff);
      code.i32x4(...places as [number, number, number, number]).set(index = code.local("v128"));
    }
    join(a, held, index, code);
  });
  scope.code.append(code);
}

/** Running sums: four rows at a time. */
export function emitCumsum(kernel: Kernel): void {
  const { draft, stores, values, scope, brief } = kernel;
  const { length } = draft;
  const [{ node, item }] = draft.items() as [ReturnType<Draft["items"]>[number]];
  const index = flatten(innerIndex(node, draft.lowering.outer, variable("r", 0, length - 1)), node.shape);
  const work = { exprs: draft.lowering.exprs, roots: [item], repeats: length, brief };
  writeBlock(chooseNest("i", draft.size / length, work), scope, ([view], at) => {
    const total = at.code.local("v128");
    at.code.i32x4(0).set(total);
    at.loop("r", length, (inner) => {
      const value = values.value(item, view!, inner).local;
      inner.code.get(total).get(value).op(node.dtype === "float32" ? "f32x4.add" : "i32x4.add").set(total);
      for (const { place } of stores) {
        values.store(place, index, { local: total, home: inner, uniform: false }, view!, inner);
      }
    });
  });
}
