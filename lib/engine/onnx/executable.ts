/** A compiled graph on ONNX Runtime: the host stage, one run of the session, state swapped between two sets of arrays. */

import { Tensor } from "./runtime.ts";
import type { Node } from "../../graph/node.ts";
import { Storage } from "../../graph/storage.ts";
import { allocate, type Aval, describe, sizeOf, type TypedArray } from "../../graph/types.ts";
import type { Executable, Graph, Keep } from "../engine.ts";
import type { Lease } from "../lease.ts";
import { evaluateHost, type HostValue } from "./host.ts";
import { listModel } from "./listing.ts";
import type { Port, Program } from "./program.ts";
import { turn } from "../turn.ts";
import { originOf, runtimeError, type Session } from "./session.ts";

/** An ONNX Runtime tensor over our memory, which is not copied. */
export function tensorOver({ dtype, shape }: Aval, data: TypedArray): Tensor {
  return new Tensor(dtype as "float32", data as Float32Array, shape);
}

function hostValue(node: Node, inputs: readonly HostValue[]): HostValue {
  try {
    return evaluateHost(node, inputs);
  } catch (error) {
    throw runtimeError(error, node);
  }
}

/** Makes a graph runnable; `session` is null where the host does everything. `lease` is what the engine holds for it. */
export function makeExecutable(
  graph: Graph,
  program: Program,
  session: Session | null,
  lease: Lease,
): Executable {
  const { spares } = lease;

  function gather(numbers: readonly TypedArray[]): Map<Node, TypedArray> {
    const values = new Map<Node, HostValue>();
    graph.inputs.forEach((node, i) => values.set(node, numbers[i]!));
    for (const node of program.host) values.set(node, hostValue(node, node.inputs.map((x) => values.get(x)!)));
    return values as Map<Node, TypedArray>;
  }

  function target({ node, index }: Port & { readonly index: number }): TypedArray {
    const spare = spares.get(index);
    spares.delete(index);
    return spare ?? roomFor(node);
  }

  /** Host memory for the numbers of `node`: what there is no room for is told where it was made. */
  function roomFor(node: Node): TypedArray {
    try {
      return allocate(node.dtype, sizeOf(node.shape));
    } catch {
      throw runtimeError(new Error(`${describe(node)} is larger than what fits into memory.`), node);
    }
  }

  function compute(values: ReadonlyMap<Node, TypedArray>): Map<number, TypedArray> {
    const results = new Map<number, TypedArray>();
    if (!session) return results;
    const feeds: Record<string, Tensor> = {};
    for (const { name, node } of program.feeds) feeds[name] = tensorOver(node, values.get(node)!);
    const fetches: Record<string, Tensor> = {};
    for (const port of program.fetches) {
      const array = target(port);
      results.set(port.index, array);
      fetches[port.name] = tensorOver(port.node, array);
    }
    try {
      session.run(feeds, fetches);
    } catch (error) {
      throw runtimeError(error, originOf(error, program.origins));
    }
    return results;
  }

  function resultsOf(numbers: readonly TypedArray[]): Storage[] {
    const values = gather(numbers);
    const computed = compute(values);
    return program.outputs.map((_, i) => finish(i, values, computed.get(i)));
  }

  function finish(index: number, values: ReadonlyMap<Node, TypedArray>, computed: TypedArray | undefined): Storage {
    const node = program.outputs[index]!;
    const size = sizeOf(node.shape);
    const numbers = computed ?? values.get(node)?.slice() ?? roomFor(node);
    return new Storage(node.dtype, size, numbers);
  }

  function retire(inputs: readonly Storage[], kept: ReadonlySet<number> | undefined): void {
    for (const [output, input] of graph.donated) {
      if (kept?.has(input)) continue;
      const { host, device } = inputs[input]!.retire();
      device?.release();
      if (host && program.fetches.some((x) => x.index === output)) spares.set(output, host);
    }
  }

  return {
    async run(inputs, keep?: Keep) {
      lease.begin();
      try {
        const numbers = await Promise.all(inputs.map((x) => x.host ?? x.read()));
        if (session) await turn();
        const results = resultsOf(numbers);
        retire(inputs, keep?.(results));
        return results;
      } finally {
        lease.finish();
      }
    },
    runNow(inputs) {
      if (lease.isOver || graph.donated.size > 0 || inputs.some((x) => x.isGone || x.hostIfAny === null)) return null;
      try {
        return resultsOf(inputs.map((x) => x.host!));
      } catch {
        // It fails once more where it is awaited, and is told there.
        return null;
      }
    },
    listing: () => [
      ...program.host.map((x) => `host ${x.op} ${x.dtype}[${x.shape}]`),
      ...(program.model ? listModel(program.model) : []),
    ],
    dispose: () => lease.end(),
  };
}
