/**
 * Uncompiled use: the values of nodes, now. The graph is brought to a canonical form whose text is a key, so that a loop of
 * the same steps compiles once; numbers written in the source are fed, not compiled in, but for those inside of a scan's step.
 */

import { assignedSinks, refuseBad } from "../forensics/nonfinite/error.ts";
import { screen } from "../forensics/nonfinite/sinks.ts";
import { interruptible } from "../graph/interrupt.ts";
import { attributeText, constant, type Node, substitute, topological } from "../graph/node.ts";
import { expand } from "../graph/ops.ts";
import { simplify } from "../graph/simplify.ts";
import { refuseTakenBack } from "../graph/pending.ts";
import { Storage } from "../graph/storage.ts";
import { aval } from "../graph/types.ts";
import type { Engine, Executable } from "../engine/engine.ts";
import { currentEngine } from "../engine/select.ts";

const capacity = 128;
const caches = new WeakMap<Engine, Map<string, Executable>>();
let last: Promise<unknown> = Promise.resolve();

/** The text of a graph, the same for graphs that differ in their leaves' numbers only. */
function canonicalText(outputs: readonly Node[], leaves: readonly Node[]): string {
  const index = new Map<Node, number>(leaves.map((x, i) => [x, i]));
  const lines = leaves.map((x) => `${x.dtype}[${x.shape}]`);
  for (const node of topological(outputs)) {
    if (index.has(node)) continue;
    index.set(node, index.size);
    const attrs = node.op === "scan"
      ? { ...node.attrs, body: canonicalText(node.attrs.body.outputs, node.attrs.body.inputs) }
      : node.attrs;
    lines.push(
      `${node.op}(${node.inputs.map((x) => index.get(x))})${node.dtype}[${node.shape}]${attributeText(attrs)}`,
    );
  }
  return `${lines.join(";")}->${outputs.map((x) => index.get(x))}`;
}

/** Cuts the graph where values are known, and makes inputs of them and of the source's numbers. */
function close(outputs: readonly Node[]): { outputs: Node[]; leaves: Node[] } {
  const replaced = new Map<Node, Node>();
  const lifted = new Map<number, Node>();
  for (const node of topological(outputs, (x) => x.value !== null)) {
    if (node.value !== null && node.op !== "input") replaced.set(node, constant(node, node.value));
    else if (node.op === "full" && node.dtype === "float32" && ![0, 1, -1].includes(node.attrs.value)) {
      const { value } = node.attrs;
      const scalar = lifted.get(value) ??
        constant(aval("float32", []), new Storage("float32", 1, new Float32Array([value])));
      lifted.set(value, scalar);
      replaced.set(node, expand(scalar, node.shape, node.axes));
    }
  }
  const closed = simplify(substitute(outputs, replaced));
  return { outputs: closed, leaves: topological(closed).filter((x) => x.op === "input") };
}

async function executable(engine: Engine, outputs: readonly Node[], leaves: readonly Node[]): Promise<Executable> {
  let cache = caches.get(engine);
  if (!cache) caches.set(engine, cache = new Map());
  const key = canonicalText(outputs, leaves);
  const found = cache.get(key) ?? await engine.compile({ inputs: leaves, outputs, donated: new Map() });
  cache.delete(key);
  cache.set(key, found);
  if (cache.size > capacity) {
    const [oldest, program] = cache.entries().next().value!;
    cache.delete(oldest);
    program.dispose();
  }
  return found;
}

/** Computes values inside a task of {@linkcode enqueue}; all of them or, if one is refused or bad, none. */
export async function evaluateNow(nodes: readonly Node[]): Promise<void> {
  const missing = [...new Set(nodes)].filter((x) => x.value === null);
  if (missing.length === 0) return;
  const engine = await currentEngine();
  const sinks = assignedSinks(missing);
  const { outputs, leaves } = close(sinks.length === 0 ? missing : [...missing, screen(sinks)]);
  leaves.forEach(refuseTakenBack);
  const program = await executable(engine, outputs, leaves);
  const values = await program.run(leaves.map((x) => x.value!));
  const valueOf = new Map(missing.map((x, i) => [x, values[i]!]));
  if (sinks.length > 0) await refuseBad(sinks, values.at(-1)!, valueOf);
  for (const [node, value] of valueOf) node.value = value;
}

/** Runs `task` when everything asked for before is done: programs of one engine do not overlap. It may be interrupted before. */
export function enqueue<T>(task: () => Promise<T>): Promise<T> {
  const result = last.then(interruptible(task));
  last = result.catch(() => {});
  return result;
}
