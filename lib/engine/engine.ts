/**
 * The contract of an engine: a closed graph in, something that runs it out. Engines know nodes, storages and nothing
 * else: no tensors, parameters, files, console or clock.
 */

import type { Node } from "../graph/node.ts";
import type { Storage } from "../graph/storage.ts";

/** A closed graph, simplified: every leaf is an `input` listed in `inputs`, or `full` or `iota`. */
export interface Graph {
  /** `input` nodes, in the order in which `run` receives their values. Some may be unused. */
  readonly inputs: readonly Node[];
  /** Any nodes, in the order in which `run` returns their values. One may occur twice, or be an input. */
  readonly outputs: readonly Node[];
  /**
   * Output index -> input index of the same shape and dtype: state. After a run that succeeded the engine calls `retire()` on
   * the input's storage, and what that gives may serve the next run.
   */
  readonly donated: ReadonlyMap<number, number>;
  /** Whether a run is to throw at an index outside of its axis, and who asks waits for that. ONNX Runtime always does. */
  readonly refusesOutside?: boolean;
  /** Whether it is for a run or a few, and is to be made quickly rather than well. */
  readonly brief?: boolean;
}

/** Asked when the results of a run are there: the indices of donated inputs that somebody still needs. */
export type Keep = (results: readonly Storage[]) => ReadonlySet<number>;

/** A compiled graph. */
export interface Executable {
  /**
   * Runs it. `inputs[i]` are the numbers of `graph.inputs[i]`; they are not changed; donated ones are retired, but for
   * those whose index is in what `keep` gives for the results. The results are storages of their own. Runs of one
   * executable do not overlap: the caller awaits.
   */
  run(inputs: readonly Storage[], keep?: Keep): Promise<Storage[]>;
  /**
   * The same at once, of a graph without donated inputs: for a loop that waits for nothing. `null`, with nothing done, where something
   * is to be waited for, or {@linkcode run} would throw. Of an engine that has {@linkcode Engine.finishNow} the numbers are there after that.
   */
  runNow?(inputs: readonly Storage[]): Storage[] | null;
  /** Of results of {@linkcode runNow} whose numbers are there: whether {@linkcode run} would have thrown instead. */
  refuses?(results: readonly Storage[]): boolean;
  /** The program as printable data, one instruction a line. */
  listing(): string[];
  /** Gives back what the engine holds for it. */
  dispose(): void;
}

/** What runs graphs. */
export interface Engine {
  /** "cpu": WebAssembly and ONNX Runtime; "webgpu": Dawn. */
  readonly name: "cpu" | "webgpu";
  /** The device as a person knows it: "ONNX Runtime 1.30, 2 threads", "SwiftShader Device (Subzero)". */
  readonly adapter: string;
  /**
   * For the library, which compiles functions by {@linkcode compile}. Throws a sentence if the graph cannot be run here.
   *
   * @internal
   */
  compile(graph: Graph): Promise<Executable>;
  /**
   * For the library: the same at once; `null` where something is to be waited for.
   *
   * @internal
   */
  compileNow?(graph: Graph): Executable | null;
  /**
   * For the library: waits, without coming back to the event loop, for what {@linkcode Executable.runNow} has begun. Whether all was
   * computed: if not, none was, and the programs that it was begun with are not to be used again.
   *
   * @internal
   */
  finishNow?(): boolean;
  /** Bytes that the engine holds now, by what holds them. */
  liveBytes(): Record<string, number>;
  /** Gives everything back. */
  dispose(): void;
}
