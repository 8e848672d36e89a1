/** Modules that remember: what they give for a step of a sequence depends on the steps before it. */

import { takeOnly } from "../graph/arguments.ts";
import { where } from "../tensor/functions.ts";
import * as kind from "../tensor/kinds.ts";
import { scan } from "../tensor/scan.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type Tree, zipTrees } from "../tensor/tree.ts";
import { Module } from "./module.ts";

/**
 * Base of modules with a state that goes from step to step: a subclass says what the state is at the start, and what one step
 * does. All else follows from that: sequences, and states that start anew inside of them.
 *
 * @example
 * ```ts
 * import { HostRandom, Linear, LSTM, type LSTMState, Recurrent, type Tensor, zeros } from "@plumbline/plumbline";
 *
 * class Reader extends Recurrent<LSTMState> {
 *   readonly lstm = new LSTM(3, 16, new HostRandom(0));
 *   readonly head = new Linear(16, 2, new HostRandom(1));
 *
 *   override initialState(...leading: number[]): LSTMState {
 *     return this.lstm.initialState(...leading);
 *   }
 *
 *   override step(x: Tensor, state: LSTMState): readonly [Tensor, LSTMState] {
 *     const [hidden, next] = this.lstm.step(x, state);
 *     return [this.head.forward(hidden), next];
 *   }
 * }
 *
 * const reader = new Reader();
 * console.log(reader.forward(zeros([10, 5, 3])).shape); // [ 10, 5, 2 ]
 * ```
 */
export abstract class Recurrent<S extends Tree = Tree> extends Module {
  /**
   * The state before the first step, for inputs `[..leading, in]`: tensors whose first axes are those that tell sequences
   * apart.
   */
  abstract initialState(...leading: number[]): S;
  /** One step of all of them: `x [..leading, in]` and the state to the output and the next state. */
  abstract step(x: Tensor, state: S): readonly [output: Tensor, state: S];

  /**
   * The outputs of all steps of `x [time, ..leading, in]`, and the last state. Where `resets`, bool `[time, ..]` over the first
   * of the leading axes, is true, the state starts anew before that step.
   */
  run(x: Tensor, state: S = this.initialState(...x.shape.slice(1, -1)), resets?: Tensor): [outputs: Tensor, state: S] {
    const initial = this.initialState(...x.shape.slice(1, -1));
    return runSteps((x, state) => this.step(x, state), x, state, initial, resets);
  }

  /** The outputs of all steps of a sequence that starts from the initial state. */
  forward(x: Tensor): Tensor {
    return this.run(x)[0];
  }
}

takeOnly(Recurrent, {
  run: { x: kind.tensor, state: kind.optional(kind.tree), resets: kind.optional(kind.tensor) },
  forward: { x: kind.tensor },
});

/** `step` along the leading axis of `x`, from its end if `reverse`; where `resets` is true the state is `initial` before it. */
export function runSteps<S extends Tree>(
  step: (x: Tensor, state: S) => readonly [Tensor, S],
  x: Tensor,
  state: S,
  initial: S,
  resets: Tensor | undefined,
  reverse = false,
): [Tensor, S] {
  const one = (carried: S, [x, resets]: readonly Tensor[]): [S, Tensor] => {
    const [y, next] = step(x!, resets ? startAnew(resets, initial, carried) : carried);
    return [next, y];
  };
  const [last, outputs] = scan(one, state, resets ? [x, resets] : [x], { reverse });
  return [outputs, last];
}

/** `initial` where `began` (bool `[..]` over the leading axes) is true, else `state`. */
export function startAnew<S extends Tree>(began: Tensor, initial: S, state: S): S {
  return zipTrees(initial, state, (fresh, now) => {
    const mask = began.reshape(...began.shape, ...now.shape.slice(began.rank).map(() => 1));
    return where(mask, fresh, now).named(...now.axes);
  });
}
