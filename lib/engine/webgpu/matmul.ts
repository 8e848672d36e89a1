/**
 * The one template of matrix products: a workgroup computes a square tile, each thread 4 x 4 of it, from tiles of both
 * factors in workgroup memory. Factors are any expressions (transposed, broadcast, padded, element-wise) and so is what
 * becomes of the product.
 */

import { type Emitted, entry, type Stores, writeStores } from "./emit.ts";
import type { Expr } from "./expr.ts";
import { factorOf } from "./ix.ts";
import type { Draft, Extent } from "./draft.ts";
import { type Module, Scope } from "./wgsl.ts";

/** How much of k is in workgroup memory at once. */
const depth = 32;

/** Tiles of 64 x 64 if they give the device enough to do, else of 32 x 32. */
function tileSize({ batch, m, n }: Extent): number {
  return batch * Math.ceil(m / 64) * Math.ceil(n / 64) >= 64 ? 64 : 32;
}

/** Emits the kernel of a lowered product. */
export function emitMatmul(module: Module, draft: Draft, stores: Stores): Emitted {
  const { a, b, extent, node } = draft.product!;
  const { batch, m, n, k } = extent;
  const tile = tileSize(extent);
  const threads = (tile / 4) ** 2;
  const [rows, columns] = [Math.ceil(m / tile), Math.ceil(n / tile)];
  const workgroups = batch * rows * columns;
  const finish = new Scope();
  finish.name(`e${draft.lowering.exprs.make("float32", { kind: "core", node }).id}`, "sum");
  writeStores(module, draft, stores, finish);
  const body = `var<workgroup> ta: array<f32, ${tile * depth}>;
var<workgroup> tb: array<f32, ${tile * depth}>;
${factor(module, "load_a", "m: i32, k: i32", a)}
${factor(module, "load_b", "k: i32, n: i32", b)}
fn finish(b: i32, m: i32, n: i32, sum: f32) {
${finish.text("  ")}
}
${entry(threads, workgroups)}
  if (group >= ${workgroups}) { return; }
  let b = group / ${rows * columns};
  let m0 = group / ${columns} % ${rows} * ${tile};
  let n0 = group % ${columns} * ${tile};
  let ty = lane / ${tile / 4} * 4;
  let tx = lane % ${tile / 4} * 4;
  var acc0: vec4<f32>;
  var acc1: vec4<f32>;
  var acc2: vec4<f32>;
  var acc3: vec4<f32>;
  for (var k0: i32 = 0; k0 < ${k}; k0 += ${depth}) {
    for (var j: i32 = 0; j < ${tile * depth / threads}; j++) {
      let e = j * ${threads} + lane;
      ${load("a", "m", draft, a, tile, m, k)}
      ${load("b", "n", draft, b, tile, n, k)}
    }
    workgroupBarrier();
    for (var kk: i32 = 0; kk < ${depth}; kk++) {
      let p = kk * ${tile} + ty;
      let q = kk * ${tile} + tx;
      let v = vec4<f32>(tb[q], tb[q + 1], tb[q + 2], tb[q + 3]);
      acc0 += ta[p] * v;
      acc1 += ta[p + 1] * v;
      acc2 += ta[p + 2] * v;
      acc3 += ta[p + 3] * v;
    }
    workgroupBarrier();
  }
  // One call, in loops that compilers unroll: the text of what follows the product may be long.
  for (var i: i32 = 0; i < 4; i++) {
    let sums = select(select(acc0, acc1, i == 1), select(acc2, acc3, i == 3), i >= 2);
    for (var j: i32 = 0; j < 4; j++) {
      ${guarded([["m0 + ty + i", m, tile], ["n0 + tx + j", n, tile]], "finish(b, m0 + ty + i, n0 + tx + j, sums[j]);")}
    }
  }
}`;
  return { wgsl: module.text(body), workgroups };
}

/** A statement under the conditions that indices are below their ends, for those that tiles may overshoot. */
function guarded(indices: readonly (readonly [index: string, end: number, tile: number])[], statement: string): string {
  const conditions = indices.filter(([, end, tile]) => end % tile !== 0).map(([index, end]) => `${index} < ${end}`);
  return conditions.length === 0 ? statement : `if (${conditions.join(" && ")}) { ${statement} }`;
}

function factor(module: Module, name: string, parameters: string, expr: Expr): string {
  const scope = new Scope();
  const value = module.value(expr, scope);
  return `fn ${name}(b: i32, ${parameters}) -> f32 {\n${scope.text("  ")}\n  return ${value};\n}`;
}

/** Neighbouring threads read neighbouring memory: along k if the factor is contiguous there. */
function load(
  side: "a" | "b",
  name: "m" | "n",
  draft: Draft,
  expr: Expr,
  tile: number,
  size: number,
  k: number,
): string {
  const along = contiguous(draft, expr, "k");
  const [kk, at] = along ? [`e % ${depth}`, `e / ${depth}`] : [`e / ${tile}`, `e % ${tile}`];
  const args = side === "a" ? `b, ${name}, k` : `b, k, ${name}`;
  const statement = `value = load_${side}(${args});`;
  return `{
        let k = k0 + ${kk};
        let ${name} = ${name}0 + ${at};
        var value = 0f;
        ${guarded([[name, size, tile], ["k", k, depth]], statement)}
        t${side}[(${kk}) * ${tile} + ${at}] = value;
      }`;
}

/** Whether the first load of a factor is contiguous along a variable. */
function contiguous(draft: Draft, expr: Expr, name: string): boolean {
  if (expr.form.kind === "load") return factorOf(expr.form.ix, name) === 1;
  return draft.lowering.exprs.operands(expr).some((x) => contiguous(draft, x, name));
}
