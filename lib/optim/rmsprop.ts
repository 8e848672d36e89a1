/** RMSprop (Tieleman and Hinton 2012), as PyTorch computes it. */

import { signature } from "../graph/arguments.ts";
import * as kind from "../tensor/kinds.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Parameter, Variable } from "../tensor/variable.ts";
import { checkNotNegative, type GroupOptions, type GroupState, optimised, Optimizer } from "./optimizer.ts";
import { withPenalty } from "./optimizers.ts";

/** Settings of {@linkcode RMSprop}. */
export interface RMSpropOptions {
  /** Learning rate; 0.01 unless told otherwise. */
  lr?: number;
  /** Decay of the running mean of the square of the gradient: 0.99 unless told otherwise. */
  alpha?: number;
  /** Added to the root of the running mean. */
  eps?: number;
  /** L2 penalty, added to the gradient: 0 unless told otherwise. */
  weightDecay?: number;
  /** Share of the last step that is kept: 0 unless told otherwise. */
  momentum?: number;
  /** Whether the gradient is divided by an estimate of its deviation, not of its root mean square. */
  centered?: boolean;
}

const takesRMSprop = signature("new RMSprop()", {
  parameters: optimised,
  options: kind.options<RMSpropOptions>({
    lr: kind.number,
    alpha: kind.number,
    eps: kind.number,
    weightDecay: kind.number,
    momentum: kind.number,
    centered: kind.boolean,
  }),
});

/** Divides the gradient by the root of a running mean of its square. */
export class RMSprop extends Optimizer {
  readonly #options: Required<Pick<RMSpropOptions, "alpha" | "eps" | "momentum" | "centered">>;

  /**
   * For parameters, or groups of them with learning rates and weight decays of their own.
   *
   * @throws RangeError for a negative setting, or `alpha` outside of [0, 1].
   */
  constructor(parameters: readonly Parameter[] | readonly GroupOptions[], options: RMSpropOptions = {}) {
    takesRMSprop(arguments);
    const { lr = 0.01, alpha = 0.99, eps = 1e-8, weightDecay = 0, momentum = 0, centered = false } = options;
    if (!(alpha >= 0 && alpha <= 1)) throw new RangeError(`alpha of RMSprop is a number from 0 to 1, not ${alpha}.`);
    checkNotNegative("eps of RMSprop", eps);
    checkNotNegative("the momentum of RMSprop", momentum);
    checkNotNegative("weightDecay of RMSprop", weightDecay);
    super(parameters, { lr, weightDecay }, [
      "square",
      ...(centered ? ["mean"] : []),
      ...(momentum > 0 ? ["velocity"] : []),
    ]);
    this.#options = { alpha, eps, momentum, centered };
  }

  /** v is the running mean of g^2 (less m^2 where centred): w - lr u, with u = b u + g / (sqrt(v) + eps). */
  protected override update(state: GroupState, gradient: Tensor): Tensor {
    const { alpha, eps, momentum, centered } = this.#options;
    const moments = [...state.moments];
    const square = moments.shift() as Variable;
    const g = withPenalty(state, gradient);
    let v = square.mul(alpha).add(g.square().mul(1 - alpha));
    square.assign(v);
    if (centered) {
      const mean = moments.shift()!;
      const m = mean.mul(alpha).add(g.mul(1 - alpha));
      mean.assign(m);
      v = v.sub(m.square());
    }
    let step = g.div(v.sqrt().add(eps));
    if (momentum > 0) {
      const velocity = moments.shift()!;
      step = velocity.mul(momentum).add(step);
      velocity.assign(step);
    }
    return state.group.vector.sub(step.mul(state.lr));
  }
}
