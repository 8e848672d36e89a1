/**
 * The one template of matrix products: a workgroup computes a square tile, each thread a square part of it, from tiles of both
 * factors in workgroup memory. Factors are any expressions (transposed, broadcast, padded, element-wise) and so is what
 * becomes of the product.
 */

import type { Stores } from "../fused/place.ts";
import { type Emitted, entry, writeStores } from "./emit.ts";
import type { Expr } from "../fused/expr.ts";
import { factorOf } from "../fused/ix.ts";
import type { Draft, Extent } from "../fused/draft.ts";
import { type Module, Scope } from "./wgsl.ts";

/** How a product is cut: the side of a workgroup's tile and of a thread's part of it, and how much of k is loaded at once. */
interface Tiling {
  readonly tile: number;
  readonly part: number;
  readonly depth: number;
}

/** Large tiles if they give the device enough to do, else small ones. */
function tilingOf({ batch, m, n }: Extent): Tiling {
  const large = batch * Math.ceil(m / 64) * Math.ceil(n / 64) >= 64;
  return large ? { tile: 64, part: 8, depth: 16 } : { tile: 32, part: 4, depth: 32 };
}

/** A row of a tile in workgroup memory is longer by one, so that threads that write along k use different banks. */
function strideOf({ tile }: Tiling): number {
  return tile + 1;
}

/** Emits the kernel of a lowered product. */
export function emitMatmul(module: Module, draft: Draft, stores: Stores): Emitted {
  const { a, b, extent, node } = draft.product!;
  const { batch, m, n, k } = extent;
  const tiling = tilingOf(extent);
  const { tile, part, depth } = tiling;
  const stride = strideOf(tiling);
  const threads = (tile / part) ** 2;
  const [rows, columns] = [Math.ceil(m / tile), Math.ceil(n / tile)];
  const workgroups = batch * rows * columns;
  const finish = new Scope();
  finish.name(`e${draft.lowering.exprs.make("float32", { kind: "core", node }).id}`, "sum");
  writeStores(module, draft, stores, finish);
  const inParts = guarded(
    [["m0 + ty + i", m, tile], ["n0 + tx + j", n, tile]],
    "finish(b, m0 + ty + i, n0 + tx + j, sum);",
  );
  const body = `var<workgroup> ta: array<f32, ${stride * depth}>;
var<workgroup> tb: array<f32, ${stride * depth}>;
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
  let ty = lane / ${tile / part} * ${part};
  let tx = lane % ${tile / part} * ${part};
${sums(part).map((row) => "  " + row.map((c) => `var ${c}: vec4<f32>;`).join(" ")).join("\n")}
  for (var k0: i32 = 0; k0 < ${k}; k0 += ${depth}) {
    for (var j: i32 = 0; j < ${tile * depth / threads}; j++) {
      let e = j * ${threads} + lane;
      ${load("a", "m", draft, a, tiling, m, k)}
      ${load("b", "n", draft, b, tiling, n, k)}
    }
    workgroupBarrier();
    for (var kk: i32 = 0; kk < ${depth}; kk++) {
      let p = kk * ${stride} + ty;
      let q = kk * ${stride} + tx;
${multiply(part)}
    }
    workgroupBarrier();
  }
  // One call, in loops that compilers unroll: the text of what follows the product may be long.
  for (var i: i32 = 0; i < ${part}; i++) {
    var row: array<vec4<f32>, ${part / 4}>;
    switch i {
${
    sums(part).map((row, i) =>
      `      ${i === part - 1 ? "default" : `case ${i}`} { ${row.map((c, j) => `row[${j}] = ${c};`).join(" ")} }`
    ).join("\n")
  }
    }
    for (var j: i32 = 0; j < ${part}; j++) {
      let sum = row[j / 4][j % 4];
      ${inParts}
    }
  }
}`;
  return { wgsl: module.text(body), workgroups };
}

/** The names of a thread's sums: for each row, its columns in fours. */
function sums(part: number): string[][] {
  return Array.from({ length: part }, (_, i) => Array.from({ length: part / 4 }, (_, j) => `sum${i}_${4 * j}`));
}

function multiply(part: number): string {
  const vectors = sums(part)[0]!.map((_, j) => {
    const entries = [0, 1, 2, 3].map((i) => `tb[q + ${4 * j + i}]`).join(", ");
    return `      let v${4 * j} = vec4<f32>(${entries});`;
  });
  const rows = sums(part).map((row, i) =>
    `      let u${i} = ta[p + ${i}]; ${row.map((c, j) => `${c} += u${i} * v${4 * j};`).join(" ")}`
  );
  return [...vectors, ...rows].join("\n");
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
  tiling: Tiling,
  size: number,
  k: number,
): string {
  const { tile, depth } = tiling;
  const along = contiguous(draft, expr, "k");
  const [kk, at] = along ? [`e % ${depth}`, `e / ${depth}`] : [`e / ${tile}`, `e % ${tile}`];
  const statement = `value = load_${side}(${side === "a" ? "b, m, k" : "b, k, n"});`;
  return `{
        let k = k0 + ${kk};
        let ${name} = ${name}0 + ${at};
        var value = 0f;
        ${guarded([[name, size, tile], ["k", k, depth]], statement)}
        t${side}[(${kk}) * ${strideOf(tiling)} + ${at}] = value;
      }`;
}

/** Whether the first load of a factor is contiguous along a variable. */
function contiguous(draft: Draft, expr: Expr, name: string): boolean {
  if (expr.form.kind === "load") return factorOf(expr.form.ix, name) === 1;
  return draft.lowering.exprs.operands(expr).some((x) => contiguous(draft, x, name));
}
