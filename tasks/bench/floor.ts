/**
 * The least time that a program could take on one core: all of its operations and its traffic through memory as vector
 * instructions, at the rate at which this machine does them when nothing waits for anything.
 */

import type { Engine, Graph } from "../../lib/engine/engine.ts";
import { coreOf, extentOf, lengthOf } from "../../lib/engine/fused/draft.ts";
import { Code, ModuleWriter } from "../../lib/engine/wasm/encoder.ts";
import { type Node, topological } from "../../lib/graph/node.ts";
import { primitives } from "../../lib/graph/primitives.ts";
import { sizeOf } from "../../lib/graph/types.ts";

/** Instructions of x86-64 that functions of four numbers take, counted in the machine code of lib/engine/wasm/math. */
const instructions: Readonly<Record<string, number>> = { sin: 96, cos: 96, tanh: 63, sigmoid: 58, exp: 53 };

/** Vectors of four numbers. */
const vectors = (node: Node): number => sizeOf(node.shape) / 4;

/** The vector instructions of one run: operations, loads of what a scan reads, stores of what it keeps. */
export function instructionsOf(graph: Graph): number {
  let count = [...graph.inputs, ...graph.outputs].reduce((n, x) => n + vectors(x), 0);
  const visit = (outputs: readonly Node[], repeats: number): void => {
    for (const node of topological(outputs)) {
      if (node.op === "output") continue;
      if (node.op === "scan") {
        const { body, length } = node.attrs;
        const moved = [...body.inputs, ...body.outputs].reduce((n, x) => n + vectors(x), 0);
        count += repeats * length * moved;
        visit(body.outputs, repeats * length);
      } else if (node.op === "matmul") count += repeats * 2 * vectors(node) * extentOf(node).k;
      else if (coreOf(node) !== "map") count += repeats * vectors(node) * lengthOf(node);
      else if (primitives[node.op].kind !== "move" && primitives[node.op].kind !== "leaf") {
        count += repeats * vectors(node) * (instructions[node.op] ?? 1);
      }
    }
  };
  visit(graph.outputs, 1);
  return count;
}

/** Milliseconds of a vector instruction of this machine: additions and products of eight chains that do not wait for each other. */
export function msPerInstruction(): number {
  const [chains, turns, perTurn] = [8, 20_000, 4];
  const code = new Code([], []);
  const counter = code.local("i32");
  const sums = Array.from({ length: chains }, () => code.local("v128"));
  code.times(counter, 0, turns, 1, () => {
    for (let i = 0; i < perTurn; i++) {
      for (const sum of sums) code.get(sum).get(sums[0]!).op(i % 2 === 0 ? "f32x4.add" : "f32x4.mul").set(sum);
    }
  });
  // What nobody reads would not be computed.
  code.i32(0);
  sums.forEach((sum, i) => (i === 0 ? code.get(sum) : code.get(sum).op("f32x4.add")));
  code.op("v128.store", 0);
  const module = new ModuleWriter();
  module.add(code, "run");
  const memory = new WebAssembly.Memory({ initial: 1 });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.encode()), { env: { memory } });
  let best = Infinity;
  for (let i = 0; i < 60; i++) {
    const start = performance.now();
    (exports.run as () => void)();
    best = Math.min(best, performance.now() - start);
  }
  return best / (chains * turns * perTurn);
}

/** An engine, and the least time of the program that it has compiled last, in milliseconds. */
export function withFloor(engine: Engine): { readonly engine: Engine; readonly floorMs: () => number } {
  let last: Graph | null = null;
  let floor: number | null = null;
  let each: number | null = null;
  const compile: Engine["compile"] = (graph) => {
    if (!graph.brief) [last, floor] = [graph, null];
    return engine.compile(graph);
  };
  const floorMs = (): number => {
    if (last === null) return NaN;
    each ??= msPerInstruction();
    return floor ??= instructionsOf(last) * each;
  };
  return { engine: { ...engine, compile }, floorMs };
}
