/**
 * A graph that runs as WebAssembly: inputs are copied into its memory, unless they are there since the last run, and outputs out
 * of it. State stays there. What only parts read or write, which others compute, is in arrays of its own.
 */

import { outsideParts } from "../../graph/indices.ts";
import { uncounted } from "../../graph/node.ts";
import { Storage } from "../../graph/storage.ts";
import { allocate, sizeOf, type TypedArray } from "../../graph/types.ts";
import type { Executable, Graph, Keep } from "../engine.ts";
import { RunError } from "../run_error.ts";
import type { Lease } from "../lease.ts";
import type { Heap } from "./heap.ts";
import { load, type Loaded, type Open } from "./load.ts";
import { readNumbers, type Side, type State, writeNumbers } from "./state.ts";

/** Who computes the parts of a program. */
export interface Host {
  readonly open: Open;
  /** Called before each run. */
  readonly before: () => Promise<void>;
}

/** Inputs of fewer elements are copied whether they are there or not. */
const fewElements = 256;

/** Gives memory back. It knows nothing of the program. */
const freeing = (heap: Heap, start: number, state: State) => (): void => {
  state.dispose();
  heap.free(start);
};

/** Compiles a graph. `hold` is told how its memory is given back. Throws {@linkcode TooLarge}. */
export function compileGraph(
  graph: Graph,
  heap: Heap,
  host: Host | null,
  hold: (free: () => void) => Lease,
): Executable {
  let program: Loaded | null = uncounted(() => load(graph, heap, host?.open ?? null));
  const lease = hold(freeing(heap, program.start, program.state));
  lease.endWith(program);
  const { spares } = lease;
  const { lines, places, hasParts } = program;
  const outputSizes = graph.outputs.map((x) => sizeOf(x.shape));
  /** Which value of the state each input and output is; -1 for others. */
  const stateInputs = graph.inputs.map((_, i) => places.findIndex((x) => x.input === i));
  const stateOutputs = graph.outputs.map((_, i) => places.findIndex((x) => x.output === i));
  const isRead = graph.inputs.map((_, i) =>
    stateInputs[i]! >= 0 || program!.inputs[i] !== null || program!.direct.has(i)
  );
  /** Whose numbers each input holds, by their ids. */
  const holds: (number | null)[] = graph.inputs.map(() => null);

  /** Whether the numbers of an input are where kernels read them. */
  function isThere({ state }: Loaded, i: number, storage: Storage, side: Side): boolean {
    const own = stateInputs[i]!;
    if (own >= 0) return state.has(own, side, storage);
    return holds[i] === storage.id && !storage.isGone;
  }

  /** Puts the numbers of inputs where kernels read them, and makes room for state. */
  function bring(
    { inputs: at, state }: Loaded,
    storages: readonly Storage[],
    numbers: (TypedArray | null)[],
    side: Side,
  ) {
    for (let i = 0; i < numbers.length; i++) {
      const own = stateInputs[i]!;
      const array = numbers[i]!;
      if (own >= 0) {
        if (array) state.put(own, side, array);
        state.clear(own, 1 - side as Side);
      } else if (array && at[i] !== null) {
        writeNumbers(heap, graph.inputs[i]!.dtype, array, at[i]!);
        holds[i] = array.length < fewElements ? null : storages[i]!.id;
      }
    }
  }

  /** The arrays of outputs that parts write. */
  function arraysFor({ outputs: at }: Loaded): (TypedArray | null)[] {
    return at.map((x, i) => {
      if (x !== null || stateOutputs[i]! >= 0) return null;
      const spare = spares.get(i);
      spares.delete(i);
      return spare ?? allocate(graph.outputs[i]!.dtype, outputSizes[i]!);
    });
  }

  function outside({ use: { node, size }, at }: Loaded["checks"][number]): RunError {
    const found = [...heap.views().int32.subarray(at, at + 2)].find((x) => x >= size || x < -size)!;
    return new RunError(node, (x) => outsideParts(x, found, size));
  }

  function resultOf({ outputs: at, state }: Loaded, i: number, array: TypedArray | null, side: Side): Storage {
    if (stateOutputs[i]! >= 0) return state.take(stateOutputs[i]!, 1 - side as Side);
    const { dtype } = graph.outputs[i]!;
    const size = outputSizes[i]!;
    const own = array ?? (at[i] === null ? allocate(dtype, size) : readNumbers(heap, dtype, at[i]!, size));
    return new Storage(dtype, size, own);
  }

  function retire({ outputs: at }: Loaded, inputs: readonly Storage[], kept: ReadonlySet<number> | undefined): void {
    for (const [output, input] of graph.donated) {
      if (kept?.has(input)) continue;
      const { host, device } = inputs[input]!.retire();
      device?.release();
      if (host && at[output] === null && stateOutputs[output]! < 0) spares.set(output, host);
    }
  }

  /** Runs it on numbers, those that are not there already; or says which of its checks has failed, from 1. */
  function compute(current: Loaded, inputs: readonly Storage[], numbers: (TypedArray | null)[], side: Side) {
    bring(current, inputs, numbers, side);
    const arrays = hasParts ? arraysFor(current) : null;
    const failed = current.run({ side, inputs: numbers, outputs: arrays ?? [] });
    if (failed > 0) return failed;
    const results: Storage[] = [];
    for (let i = 0; i < outputSizes.length; i++) results.push(resultOf(current, i, arrays?.[i] ?? null, side));
    return results;
  }

  return {
    async run(inputs, keep?: Keep) {
      lease.begin();
      const current = program!;
      try {
        if (hasParts) await host!.before();
        const side = places.length === 0 ? 0 : current.state.sideOf(places, inputs);
        const numbers: (TypedArray | null)[] = [];
        for (let i = 0; i < isRead.length; i++) {
          const storage = inputs[i]!;
          const isNeeded = isRead[i]! && !isThere(current, i, storage, side);
          numbers.push(isNeeded ? storage.host ?? await storage.read() : null);
        }
        const results = compute(current, inputs, numbers, side);
        if (typeof results === "number") throw outside(current.checks[results - 1]!);
        const kept = keep?.(results);
        if (graph.donated.size > 0) retire(current, inputs, kept);
        return results;
      } finally {
        lease.finish();
      }
    },
    runNow(inputs) {
      if (hasParts || program === null || lease.isOver || graph.donated.size > 0) return null;
      const numbers = inputs.map((x, i) => isRead[i] && !isThere(program!, i, x, 0) ? x.hostIfAny : null);
      if (inputs.some((x, i) => isRead[i] && (x.isGone || x.hostIfAny === null))) return null;
      const results = compute(program, inputs, numbers, 0);
      return typeof results === "number" ? null : results;
    },
    listing: () => [...lines],
    dispose() {
      lease.end();
      program = null;
    },
  };
}
