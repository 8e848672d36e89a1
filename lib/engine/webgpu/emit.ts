/** Kernels as WGSL: maps, reductions and running sums. Matrix products are in `matmul.ts`. */

import type { DType } from "../../graph/types.ts";
import { memoryType, registerType } from "./intrinsics.ts";
import { factorOf, flatten, variable } from "../fused/ix.ts";
import { type Draft, innerIndex, type ReduceNode } from "../fused/draft.ts";
import type { Stores } from "../fused/place.ts";
import type { Repeat } from "../fused/program.ts";
import { type Module, Scope } from "./wgsl.ts";

/** The text of a kernel and how many workgroups it takes. */
export interface Emitted {
  readonly wgsl: string;
  readonly workgroups: number;
}

/** The entry point's head: `group` is the number of the workgroup, `lane` that of the thread in it. */
export function entry(threads: number, workgroups: number): string {
  const width = gridOf(workgroups)[0];
  return `@compute @workgroup_size(${threads})
fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) lid: u32) {
  let group = i32(wid.x${width < workgroups ? ` + wid.y * ${width}u` : ""});
  let lane = i32(lid);`;
}

/** Workgroups in two dimensions: WebGPU allows 65535 in each. */
export function gridOf(workgroups: number): [number, number] {
  if (workgroups <= 65535) return [workgroups, 1];
  const width = Math.min(65535, Math.ceil(Math.sqrt(workgroups)));
  return [width, Math.ceil(workgroups / width)];
}

/** Writes the stores of the element-wise part into `scope`. */
export function writeStores(module: Module, draft: Draft, stores: Stores, scope: Scope): void {
  for (const { part, place } of stores) module.store(place, draft.lowering.outer, part.result, scope);
}

/** One thread an element; with `repeat`, it goes through all steps of a scan. */
export function emitMap(module: Module, draft: Draft, stores: Stores, repeat: Repeat | null = null): Emitted {
  const threads = 64;
  const workgroups = Math.ceil(draft.size / threads);
  const scope = new Scope();
  writeStores(module, draft, stores, scope);
  const body = `${entry(threads, workgroups)}
  let i = group * ${threads} + lane;
  if (i >= ${draft.size}) { return; }
${repeat ? looped(repeat, scope.text("    ")) : scope.text("  ")}
}`;
  return { wgsl: module.text(body), workgroups };
}

function looped({ depth, length, reverse }: Repeat, text: string): string {
  return `  for (var step: i32 = 0; step < ${length}; step++) {
    let t${depth} = ${reverse ? `${length - 1} - step` : "step"};
    let p${depth} = step % 2;
${text}
  }`;
}

/** How a reduction is spread: a workgroup has `rows` results and `lanes` threads for each. */
function spread(draft: Draft): { rows: number; lanes: number } {
  const { size, length } = draft;
  const ceil2 = (n: number): number => 2 ** Math.ceil(Math.log2(Math.max(1, n)));
  if (length <= 8 || (size >= 65536 && length <= 64)) return { rows: 64, lanes: 1 };
  const loads = draft.parts.flatMap((part) => part.item ? part.loads : []);
  const along = loads.length > 0 && !loads.some(({ ix }) => factorOf(ix, "r") === 1);
  if (along && size > 1) {
    const rows = Math.min(32, ceil2(size));
    return { rows, lanes: Math.min(256 / rows, ceil2(length / 4)) };
  }
  const lanes = Math.min(256, ceil2(length / 8));
  return { rows: Math.max(1, 64 / lanes), lanes };
}

interface Accumulator {
  readonly node: ReduceNode;
  readonly name: string;
  /** The type of what is compared or added; argmax carries an index too. */
  readonly dtype: DType;
  readonly start: string;
}

function accumulator(module: Module, node: ReduceNode, name: string): Accumulator {
  const dtype = node.inputs[0]!.dtype;
  const least = dtype === "float32" ? -Infinity : -2147483648;
  const most = dtype === "float32" ? Infinity : 2147483647;
  const start = { sum: 0, max: least, argmax: least, min: most }[node.op];
  return { node, name, dtype, start: module.number(dtype, start) };
}

/** The statement that joins a value (and for argmax its index) to an accumulator. */
function join(module: Module, { node, name, dtype }: Accumulator, value: string, index: string): string {
  const float = dtype === "float32";
  switch (node.op) {
    case "sum":
      return `${name} += ${value};`;
    case "max":
    case "min":
      if (float) module.need(`${node.op}_f32`);
      return `${name} = ${node.op}${float ? "_f32" : ""}(${name}, ${value});`;
    case "argmax": {
      // A NaN counts as the largest, as in PyTorch; among equals the first wins, whatever the order of joining.
      if (float) module.need("is_nan");
      const nan = (x: string): string => float ? `is_nan(${x})` : "false";
      const above = `(${value} > ${name} && !${nan(name)}) || (${nan(value)} && !${nan(name)})`;
      const equal = `(${value} == ${name} || (${nan(value)} && ${nan(name)})) && ${index} < ${name}_at`;
      return `if (${above} || (${equal})) { ${name} = ${value}; ${name}_at = ${index}; }`;
    }
  }
}

/** The most additions in a row: of more, the rounding errors of equal numbers add up to a drift. */
const mostInRow = 8;

const isDrifting = ({ node, dtype }: Accumulator): boolean => node.op === "sum" && dtype === "float32";

/** The loop of a thread through its part of a row: where many numbers are summed, loops in loops, for sums of sums of a few. */
class Turns {
  readonly #sums: readonly Accumulator[];
  readonly #depth: number;
  readonly #each: number;

  constructor(accumulators: readonly Accumulator[], readonly length: number, readonly lanes: number) {
    this.#sums = accumulators.filter(isDrifting);
    const turns = Math.ceil(length / lanes);
    this.#depth = this.#sums.length === 0 ? 1 : Math.max(1, Math.ceil(Math.log(turns) / Math.log(mostInRow)));
    this.#each = Math.max(2, Math.ceil(turns ** (1 / this.#depth)));
  }

  /** What the innermost loop adds to. */
  innermost(a: Accumulator): Accumulator {
    return isDrifting(a) ? { ...a, name: this.#name(a, 0) } : a;
  }

  /** The loops around `body`, from `first` on; `level` 0 is the innermost. */
  text(body: string, first: string, level: number = this.#depth - 1): string {
    const { length, lanes } = this;
    const isOutermost = level === this.#depth - 1;
    const step = lanes * this.#each ** level;
    const index = level === 0 ? "r" : `r${level}`;
    const end = isOutermost ? `${length}` : `min(${first} + ${step * this.#each}, ${length})`;
    const inner = level === 0 ? body : this.text(body, index, level - 1);
    const sums = isOutermost ? [] : this.#sums;
    return [
      ...sums.map((a) => `var ${this.#name(a, level)} = 0f;`),
      `for (var ${index}: i32 = ${first}; ${index} < ${end}; ${index} += ${step}) {\n${inner.replace(/^/gm, "  ")}\n}`,
      ...sums.map((a) => `${this.#name(a, level + 1)} += ${this.#name(a, level)};`),
    ].join("\n");
  }

  #name({ name }: Accumulator, level: number): string {
    return level === this.#depth - 1 ? name : `${name}_${level}`;
  }
}

/** Reductions: threads accumulate strided parts, then a tree in workgroup memory joins them. */
export function emitReduce(module: Module, draft: Draft, stores: Stores): Emitted {
  const { rows, lanes } = spread(draft);
  const workgroups = Math.ceil(draft.size / rows);
  const scope = new Scope();
  const shared: string[] = [];
  const all = draft.items();
  const stages = Math.max(...all.map((x) => x.stage)) + 1;
  for (let stage = 0; stage < stages; stage++) {
    const items = all.filter((x) => x.stage === stage);
    const loop = new Scope(scope, new Set(["r"]));
    const accumulators = items.map(({ node }, j) => accumulator(module, node as ReduceNode, `a${stage}_${j}`));
    const turns = new Turns(accumulators, draft.length, lanes);
    accumulators.forEach((a, j) => {
      const value = draft.length > 0 ? module.value(items[j]!.item, loop) : a.start;
      loop.lines.push(join(module, turns.innermost(a), value, "r"));
    });
    for (const { node, name, dtype, start } of accumulators) {
      scope.lines.push(`var ${name}: ${registerType(dtype)} = ${start};`);
      if (node.op === "argmax") scope.lines.push(`var ${name}_at: i32 = 2147483647;`);
    }
    scope.lines.push(turns.text(loop.text(""), lanes === 1 ? "0" : "part"));
    accumulators.forEach((a, j) => {
      if (lanes > 1) writeTree(module, a, rows, lanes, scope, shared);
      scope.name(`e${items[j]!.result.id}`, a.node.op === "argmax" ? `${a.name}_at` : a.name);
    });
  }
  const final = new Scope(scope);
  writeStores(module, draft, stores, final);
  const mine = lanes === 1 ? "inside" : "inside && part == 0";
  const body = `${shared.join("\n")}
${entry(rows * lanes, workgroups)}
  let row = lane % ${rows};
  let part = lane / ${rows};
  let inside = group * ${rows} + row < ${draft.size};
  let i = min(group * ${rows} + row, ${draft.size - 1});
${scope.text("  ")}
  if (${mine}) {
${final.text("    ")}
  }
}`;
  return { wgsl: module.text(body), workgroups };
}

/**
 * Joins the accumulators of a row's threads, 16 at a time: barriers cost more than a few reads. Every thread of the row has
 * the result in the end.
 */
function writeTree(module: Module, a: Accumulator, rows: number, lanes: number, scope: Scope, shared: string[]): void {
  const { name } = a;
  const withIndex = a.node.op === "argmax";
  for (let left = lanes, round = 0; left > 1; left = Math.ceil(left / 16), round++) {
    const [all, places] = [`w_${name}_${round}`, `w_${name}_at_${round}`];
    const index = (part: string): string => `${part} * ${rows} + row`;
    shared.push(`var<workgroup> ${all}: array<${memoryType(a.dtype)}, ${rows * left}>;`);
    if (withIndex) shared.push(`var<workgroup> ${places}: array<i32, ${rows * left}>;`);
    const put = `${all}[${index("part")}] = ${name};${withIndex ? ` ${places}[${index("part")}] = ${name}_at;` : ""}`;
    const own = left > 16 ? `min(part, ${left / 16 - 1})` : "0";
    const last = Math.min(16, left) - 1;
    const read = (j: number): string => `${all}[(${own} * 16 + ${j}) * ${rows} + row]`;
    scope.lines.push(`${round === 0 ? put : `if (part < ${left}) { ${put} }`}
workgroupBarrier();`);
    if (isDrifting(a)) {
      scope.lines.push(`${name} = ${pairwise(last + 1, read)};`);
      continue;
    }
    scope.lines.push(
      `${name} = ${all}[${index(left > 16 ? `${own} * 16` : "0")}];${
        withIndex ? `\n${name}_at = ${places}[${index(left > 16 ? `${own} * 16` : "0")}];` : ""
      }
for (var j: i32 = 1; j <= ${last}; j++) {
  let at = (${own} * 16 + j) * ${rows} + row;
  ${join(module, a, `${all}[at]`, `${places}[at]`)}
}`,
    );
  }
}

/** The sum of `count` numbers, halves by halves. */
function pairwise(count: number, read: (j: number) => string, from = 0): string {
  if (count === 1) return read(from);
  const half = count >> 1;
  return `(${pairwise(half, read, from)} + ${pairwise(count - half, read, from + half)})`;
}

/** Running sums: the threads of a row add up a part each, then write it from the total of the parts before. */
export function emitCumsum(module: Module, draft: Draft, stores: Stores): Emitted {
  const { length } = draft;
  const [running] = draft.items();
  const { node, item } = running!;
  const lanes = length <= 64 ? 1 : 64;
  const rows = 64 / lanes;
  const count = draft.size / length;
  const workgroups = Math.ceil(count / rows);
  const type = registerType(node.dtype);
  const zero = module.number(node.dtype, 0);
  const part = Math.ceil(length / lanes);
  const scope = new Scope();
  const loop = (store: boolean): string => {
    const inner = new Scope(scope, new Set(["r"]));
    inner.lines.push(`total += ${module.value(item, inner)};`);
    if (store) {
      const at = flatten(innerIndex(node, draft.lowering.outer, variable("r", 0, length - 1)), node.shape);
      for (const { place } of stores) {
        const target = module.element(place, at, node.dtype, inner, true);
        inner.lines.push(`${target} = total;`);
      }
    }
    return `for (var r: i32 = first; r < last; r++) {\n${inner.text("  ")}\n}`;
  };
  const join = lanes === 1 ? "" : `${loop(false)}
parts[lane] = total;
workgroupBarrier();
total = ${zero};
for (var j: i32 = 0; j < lane; j++) { total += parts[j]; }`;
  const second = `${join}\n${loop(true)}`;
  const body = `${lanes === 1 ? "" : `var<workgroup> parts: array<${type}, ${lanes}>;\n`}${entry(64, workgroups)}
  let i = min(group * ${rows}${lanes === 1 ? " + lane" : ""}, ${count - 1});
  let first = ${lanes === 1 ? "0" : `lane * ${part}`};
  let last = min(first + ${part}, ${length});
  var total: ${type} = ${zero};
${scope.text("  ")}
${second.replace(/^/gm, "  ")}
}`;
  return { wgsl: module.text(body), workgroups };
}
