/** A part of a program as a model of its own, which is run on memory that others own. */

import type { Subgraph } from "../../graph/node.ts";
import type { TypedArray } from "../../graph/types.ts";
import { tensorOver } from "./executable.ts";
import { listModel } from "./listing.ts";
import { writeProgram } from "./program.ts";
import { encodeModel } from "./proto.ts";
import type { Tensor } from "./runtime.ts";
import { openSession, originOf, partThreads, runtimeError } from "./session.ts";

/** A part that can be run. */
export interface OnnxPart {
  /** Computes the outputs that have an array. Arrays are read and written where they are. */
  compute(inputs: readonly TypedArray[], outputs: readonly (TypedArray | null)[]): void;
  readonly lines: readonly string[];
  /** Of its model. */
  readonly bytes: number;
  release(): void;
}

/** Without the body: who holds it must not know that. */
const releasing = (session: { release(): void }) => (): void => session.release();

/** Makes a model of a body that draws no random bits, for at most so many threads. */
export function openPart(body: Subgraph, mostThreads: number, brief: boolean): OnnxPart {
  const { inputs, outputs } = body;
  const threads = partThreads(outputs, mostThreads);
  const { feeds, fetches, model, origins, host } = writeProgram({ inputs, outputs, donated: new Map() }, threads);
  if (!model || host.length > 0) throw new Error("A part that ONNX Runtime cannot compute alone.");
  const bytes = encodeModel(model);
  const session = openSession(bytes, threads, brief);
  const places = feeds.map(({ name, node }) => ({ name, node, at: inputs.indexOf(node) }));
  return {
    compute(read, written) {
      const given: Record<string, Tensor> = {};
      for (const { name, node, at } of places) given[name] = tensorOver(node, read[at]!);
      const taken: Record<string, Tensor> = {};
      for (const { name, node, index } of fetches) {
        const array = written[index];
        if (array) taken[name] = tensorOver(node, array);
      }
      try {
        session.run(given, taken);
      } catch (error) {
        throw runtimeError(error, originOf(error, origins));
      }
    },
    lines: listModel(model),
    bytes: bytes.byteLength,
    release: releasing(session),
  };
}
