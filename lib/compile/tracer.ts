/** A function traced: once to make its program, and again to see whether it is the same function still. */

import { collectSinks, type Sink } from "../forensics/nonfinite/sinks.ts";
import { madeFromWhile } from "../forensics/reads/drops.ts";
import { refuseChanging, untilClockMoves } from "../forensics/reads/frozen.ts";
import { collectOpen, type LeftOpen } from "../forensics/steps/first_step.ts";
import type { Node } from "../graph/node.ts";
import { type Places, type Site, withinCall } from "../graph/site.ts";
import { refusePromise, restoring, traced } from "../graph/trace.ts";
import type { State } from "../tensor/state.ts";
import { Tensor } from "../tensor/tensor.ts";
import { leaves, rebuildTree, type Tree } from "../tensor/tree.ts";
import { carriedArguments } from "./lineage.ts";
import { refuseFrozen, refuseLost } from "./refuse.ts";

/** The result of a function that gives nothing: one that only steps. */
export const nothing: Tree = [];

/** What stands in the place of arguments and state while a function is traced. */
export interface Given {
  readonly tree: Tree;
  readonly inputs: readonly Node[];
  readonly own: State;
  readonly state: readonly Node[];
  /** Where the call is. */
  readonly site: Site;
  /** Where everything is made, once it was traced. */
  readonly places: Places;
}

/** What a trace gives. */
export interface Traced {
  readonly result: Tree;
  /** Which roots of the state are assigned. */
  readonly assigned: readonly number[];
  readonly outputs: readonly Node[];
}

/** What a trace gives, and what it leaves to be seen to. */
export interface Traces extends Traced {
  readonly left: LeftOpen;
  readonly noted: readonly Sink[];
}

/** Traces a function. */
export class Tracer {
  constructor(
    readonly fn: (...args: readonly Tree[]) => unknown,
    readonly name: string,
    /** The name for messages. */
    readonly label: () => string,
    readonly compiledAt: Site,
  ) {}

  trace(given: Given): Traces {
    const { tree, inputs, site, places } = given;
    const { result: { result, left }, sinks: noted } = withinCall(
      this.compiledAt.isOfLibrary ? null : site,
      false,
      () =>
        madeFromWhile(
          carriedArguments(tree, inputs, () => this.label(), site),
          () => collectSinks(() => collectOpen(() => places.along(() => this.#alone(given)))),
        ),
    );
    return { ...result, left, noted };
  }

  /** Traces again, and throws G203 if that is another graph. A function that runs once may fail: that is no fault of it. */
  compare({ outputs }: Traced, given: Given, mayFail = false): void {
    const again = (): readonly Node[] | null => {
      try {
        return this.trace(given).outputs;
      } catch (error) {
        if (mayFail) return null;
        throw error;
      }
    };
    untilClockMoves();
    const found = again();
    const place = { site: this.compiledAt, note: "compiled here" };
    if (found) refuseChanging(outputs, found, { name: this.label(), place });
  }

  #alone({ tree, inputs, own, state }: Given): Traced {
    const { roots } = own;
    const trace = (): Traced => {
      const given = rebuildTree(tree, inputs.map((x) => new Tensor(x)).values()) as readonly Tree[];
      const places = [{ site: this.compiledAt, note: "compiled here" }];
      const result = traced(
        () => (refusePromise(this.fn(...given), this.name, places) ?? nothing) as Tree,
        (result) => [...leaves(result).map((x) => x.node), ...own.nodes()],
      );
      const after = own.nodes();
      const assigned = after.flatMap((x, i) => x === state[i] ? [] : [i]);
      const outputs = [...assigned.map((i) => after[i]!), ...leaves(result).map((x) => x.node)];
      refuseFrozen(outputs, new Set(roots), state[0]?.id ?? 0, this.name);
      return { result, assigned, outputs };
    };
    return own.during(state, () => restoring(trace, (assigned) => refuseLost(assigned, roots, this.name)));
  }
}
