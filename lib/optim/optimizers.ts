/** SGD, Adam and AdamW, as PyTorch computes them. */

import { signature } from "../graph/arguments.ts";
import * as kind from "../tensor/kinds.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Parameter, Variable } from "../tensor/variable.ts";
import { where } from "../tensor/functions.ts";
import { checkNotNegative, type GroupOptions, type GroupState, optimised, Optimizer } from "./optimizer.ts";

/** PyTorch's learning rate where none is given. */
const defaultRate = 1e-3;

/** Settings of {@linkcode SGD}. */
export interface SGDOptions {
  /** Learning rate; 0.001 unless told otherwise. */
  lr?: number;
  /** Share of the last step that is kept; 0 unless told otherwise. */
  momentum?: number;
  /** Look ahead along the momentum, which must be above 0. */
  nesterov?: boolean;
  /** L2 penalty, added to the gradient: at least 0, which it is unless told otherwise. */
  weightDecay?: number;
}

const takesSGD = signature("new SGD()", {
  parameters: optimised,
  options: kind.options<SGDOptions>({
    lr: kind.number,
    momentum: kind.number,
    nesterov: kind.boolean,
    weightDecay: kind.number,
  }),
});

/** The gradient with the L2 penalty of its group. */
export function withPenalty({ group, weightDecay }: GroupState, gradient: Tensor): Tensor {
  return weightDecay > 0 ? gradient.add(group.vector.mul(weightDecay)) : gradient;
}

/** Stochastic gradient descent. */
export class SGD extends Optimizer {
  readonly #options: Required<Pick<SGDOptions, "momentum" | "nesterov">>;

  /**
   * For parameters, or groups of them with learning rates and weight decays of their own.
   *
   * @throws RangeError for a negative setting, or `nesterov` without momentum.
   */
  constructor(parameters: readonly Parameter[] | readonly GroupOptions[], options: SGDOptions = {}) {
    takesSGD(arguments);
    const { lr = defaultRate, momentum = 0, nesterov = false, weightDecay = 0 } = options;
    checkNotNegative("the momentum of SGD", momentum);
    checkNotNegative("weightDecay of SGD", weightDecay);
    if (nesterov && momentum === 0) {
      throw new RangeError("nesterov of SGD looks ahead along a momentum: give one above 0.");
    }
    super(parameters, { lr, weightDecay }, momentum > 0 ? ["velocity"] : []);
    this.#options = { momentum, nesterov };
  }

  /** With momentum b: v = b v + g (g at the first step), w - lr v; Nesterov's: w - lr (g + b v). */
  protected override update(state: GroupState, gradient: Tensor, count: Tensor): Tensor {
    const { momentum, nesterov } = this.#options;
    const { group, lr, moments: [velocity] } = state;
    const g = withPenalty(state, gradient);
    if (!velocity) return group.vector.sub(g.mul(lr));
    const first = count.equal(1).expand(group.size);
    const next = where(first, g, velocity.mul(momentum).add(g));
    velocity.assign(next);
    return group.vector.sub((nesterov ? g.add(next.mul(momentum)) : next).mul(lr));
  }
}

/** Settings of {@linkcode Adam} and {@linkcode AdamW}. */
export interface AdamOptions {
  /** Learning rate; 0.001 unless told otherwise. */
  lr?: number;
  /** Decay of the running means of the gradient and of its square. */
  betas?: readonly [number, number];
  /** Added to the root of the second moment. */
  eps?: number;
  /** Adam: L2 penalty, added to the gradient. AdamW: share of the weights taken off at every step, times the rate. */
  weightDecay?: number;
}

const adamParameters = {
  parameters: optimised,
  options: kind.options<AdamOptions>({
    lr: kind.number,
    betas: kind.kindOf(
      "two numbers, [0.9, 0.999],",
      (x) => Array.isArray(x) && x.length === 2 && x.every(Number.isFinite),
    ),
    eps: kind.number,
    weightDecay: kind.number,
  }),
};
const takesAdam = signature("new Adam()", adamParameters);
const takesAdamW = signature("new AdamW()", adamParameters);

/** Adam (Kingma and Ba 2014, algorithm 1). */
export class Adam extends Optimizer {
  /** The settings, complete. */
  protected readonly options: Required<Pick<AdamOptions, "betas" | "eps">>;

  /**
   * For parameters, or groups of them with learning rates and weight decays of their own.
   *
   * @throws RangeError for a negative setting, or betas outside of [0, 1).
   */
  constructor(parameters: readonly Parameter[] | readonly GroupOptions[], options: AdamOptions = {}) {
    takesAdam(arguments);
    const { lr = defaultRate, betas = [0.9, 0.999], eps = 1e-8, weightDecay = 0 } = options;
    if (!betas.every((beta) => beta >= 0 && beta < 1)) {
      throw new RangeError(`the betas of Adam are numbers from 0 to below 1, not ${betas.join(" and ")}.`);
    }
    checkNotNegative("eps of Adam", eps);
    checkNotNegative("weightDecay of Adam", weightDecay);
    super(parameters, { lr, weightDecay }, ["mean", "square"]);
    this.options = { betas: [betas[0], betas[1]], eps };
  }

  /** The gradient with the L2 penalty. */
  protected penalised(state: GroupState, gradient: Tensor): Tensor {
    return withPenalty(state, gradient);
  }

  /** The weights before the step. */
  protected decayed(state: GroupState): Tensor {
    return state.group.vector;
  }

  /** m and v are running means of g and g^2, corrected for their start at 0: w - lr m / (sqrt(v) + eps). */
  protected override update(state: GroupState, gradient: Tensor, count: Tensor): Tensor {
    const { betas: [beta1, beta2], eps } = this.options;
    const [mean, square] = state.moments as readonly [Variable, Variable];
    const g = this.penalised(state, gradient);
    const m = mean.mul(beta1).add(g.mul(1 - beta1));
    const v = square.mul(beta2).add(g.square().mul(1 - beta2));
    const before = this.decayed(state);
    mean.assign(m);
    square.assign(v);
    // The bias corrections are scalars: applied to the step size and eps, they cost nothing per entry.
    const correction1 = powerComplement(beta1, count);
    const root2 = powerComplement(beta2, count).sqrt();
    const size = state.lr.mul(root2).div(correction1);
    return before.sub(m.mul(size).div(v.sqrt().add(root2.mul(eps))));
  }
}

/** 1 - beta^count without cancellation. */
function powerComplement(beta: number, count: Tensor): Tensor {
  return count.mul(Math.log(beta)).expm1().neg();
}

/** Adam with decoupled weight decay (Loshchilov and Hutter 2017). */
export class AdamW extends Adam {
  /** `weightDecay` is 0.01 unless told otherwise, as in PyTorch. */
  constructor(parameters: readonly Parameter[] | readonly GroupOptions[], options: AdamOptions = {}) {
    takesAdamW(arguments);
    super(parameters, { weightDecay: 0.01, ...options });
  }

  /** The gradient as it is: the decay is apart from it. */
  protected override penalised(_: GroupState, gradient: Tensor): Tensor {
    return gradient;
  }

  /** The weights less the share `lr * weightDecay`. */
  protected override decayed({ group, lr, weightDecay }: GroupState): Tensor {
    return weightDecay > 0 ? group.vector.mul(lr.mul(-weightDecay).add(1)) : group.vector;
  }
}
