/** A compiled step under watch: its sinks, its runs, and the error when one goes bad. */

import type { Engine, Executable } from "../../engine/engine.ts";
import { saysStateIsKept } from "../../graph/error.ts";
import { canLearn, type Node } from "../../graph/node.ts";
import type { Storage } from "../../graph/storage.ts";
import { sizeOf } from "../../graph/types.ts";
import { enumerated } from "../flow/label.ts";
import { type Assigned, assignedName, capital, leafName, NonFiniteError } from "./error.ts";
import { indexError, locate } from "./locate.ts";
import { isFiniteState, isSink, type Sink } from "./sinks.ts";
import { addUnread, dropUnread, type Unread } from "./unread.ts";
import { type BadRun, checksEveryRun, Watch } from "./watch.ts";

/** What is known of a traced function. */
export interface TracedStep {
  /** What it assigns, and the variables. */
  readonly assigned: readonly { readonly variable: Assigned; readonly node: Node }[];
  /** What it returns, by path. */
  readonly returned: readonly { readonly name: string; readonly node: Node }[];
  readonly noted: readonly Sink[];
  /** Whether it is watched though it assigns nothing. */
  readonly always: boolean;
}

/** Whether a variable holds what learns. */
function learns(variable: Assigned): boolean {
  return variable.parts.length > 0 || canLearn(variable);
}

/** A sink, and which output of the program it is. */
export interface SinkOutput {
  readonly sink: Sink;
  readonly output: number;
}

/**
 * The sinks of a step, and which outputs they are (`assigned`, `returned`, `noted` in this order). A function that assigns
 * nothing is no step: its results are its caller's, but for what is noted, and indices that lie outside.
 */
export function sinksOf(step: TracedStep): SinkOutput[] {
  const { assigned, returned, noted } = step;
  const isJudged = assigned.length > 0 || step.always || checksEveryRun();
  const trains = assigned.some(({ variable }) => learns(variable));
  const all: Sink[] = [
    ...assigned.map(({ variable, node }) => ({
      node,
      finite: learns(variable) || isFiniteState(variable),
      get name() {
        return assignedName(variable);
      },
    })),
    // A number that a training step returns is its loss or a measure of it.
    ...returned.map(({ name, node }) => ({ node, name, finite: trains && sizeOf(node.shape) === 1 })),
    ...noted,
  ];
  const first = isJudged ? 0 : all.length - noted.length;
  return all.map((sink, output) => ({ sink, output }))
    .filter(({ sink, output }) => sink.guards !== undefined || (output >= first && isSink(sink.node)));
}

/** A compiled step under watch. */
export interface WatchedStep {
  readonly name: string;
  readonly engine: Engine;
  readonly executable: Executable;
  /** The graph as it was traced. */
  readonly inputs: readonly Node[];
  /** What the inputs are called in a saved step; `null` for constants. */
  readonly inputNames: readonly (string | null)[];
  readonly donated: ReadonlyMap<number, number>;
  readonly sinks: readonly SinkOutput[];
  readonly screen: number;
  /** Gives what is void of the state its values from before a run. */
  readonly restore: (inputs: readonly Storage[]) => void;
}

/** Runs a step, and throws a {@linkcode NonFiniteError} when a run went bad. */
export class StepRunner implements Unread {
  readonly watch: Watch;

  constructor(readonly step: WatchedStep) {
    const { executable, donated, sinks, screen } = step;
    this.watch = new Watch({
      executable,
      donated,
      sinks: sinks.map((x) => x.sink),
      sinkOutputs: sinks.map((x) => x.output),
      screen,
    });
  }

  /** Whether the runs before are to be judged before the next. */
  get isFull(): boolean {
    return this.watch.isFull;
  }

  /** Runs once. */
  async run(inputs: readonly Storage[]): Promise<Storage[]> {
    const { results, bad } = await this.watch.run(inputs);
    if (bad) throw await this.failure(bad, 0);
    if (this.watch.runs.length > 0) addUnread(this);
    return results;
  }

  /** As the step says. */
  restore(inputs: readonly Storage[]): void {
    this.step.restore(inputs);
  }

  /** Gives back the program; runs that nobody has read are nobody's business any more. */
  dispose(): void {
    dropUnread(this);
    this.watch.forget(new Set());
    this.step.executable.dispose();
  }

  /** What is said of a run that went bad. */
  async failure({ inputs, sinks }: BadRun, later: number): Promise<Error> {
    const { step } = this;
    const replay = { engine: step.engine, inputs: step.inputs, values: inputs, nameOf: (x: Node) => this.#nameOf(x) };
    const guarded = sinks.find((x) => x.guards)?.guards;
    if (guarded) return await indexError(replay, guarded);
    const origin = await locate(replay, sinks.map((x) => x.node));
    const saved = step.inputNames.flatMap((name, i) => {
      const { dtype, shape, axes } = step.inputs[i]!;
      return name === null ? [] : [[name, { dtype, shape, axes, storage: inputs[i]! }] as const];
    });
    const names = sinks.map((x) => x.name);
    const error = new NonFiniteError({
      sinks: names,
      sites: sinks.map((x) => x.node.site),
      origin,
      step: { program: step.name, inputs: new Map(saved) },
      consequence: `${capital(enumerated(names))} of ${step.name} would have gone bad.`,
    });
    return saysStateIsKept(error, later);
  }

  /** What messages call an input. */
  #nameOf(input: Node): string {
    const [kind, index, ...path] = this.step.inputNames[this.step.inputs.indexOf(input)]?.split("/") ?? [];
    return kind === "argument" ? [`argument ${Number(index) + 1}`, ...path].join(".") : leafName(input);
  }
}
