/**
 * The policy step of TRPO (Schulman et al. 2015): the natural gradient by conjugate gradients, as long as the trust region
 * allows, then a line search that looks at what the step truly does. Tensor operations only: compiled it is one program.
 */

import { signature } from "../graph/arguments.ts";
import { noteSink } from "../forensics/nonfinite/sinks.ts";
import { conjugateGradient } from "../optim/conjugate_gradient.ts";
import { FlatVector, ParameterGroup } from "../optim/group.ts";
import { tensor, zeros } from "../tensor/creation.ts";
import { where } from "../tensor/functions.ts";
import * as kind from "../tensor/kinds.ts";
import { scan } from "../tensor/scan.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** Settings of a step in a trust region, by the names of sb3-contrib. */
export interface TrustRegionOptions {
  /** The mean KL divergence from the policy before the step to the one after it stays below this; 0.01 unless told otherwise. */
  readonly targetKl?: number;
  /** Steps of conjugate gradients; 10 unless told otherwise. */
  readonly cgMaxSteps?: number;
  /** This times the identity is added to Fisher's matrix; 0.1 unless told otherwise. */
  readonly cgDamping?: number;
  /** The share of a step that was refused which is tried next; 0.8 unless told otherwise. */
  readonly lineSearchShrinkingFactor?: number;
  /** Steps that are tried at most; 10 unless told otherwise. If none is good the policy stays as it is. */
  readonly lineSearchMaxIter?: number;
}

/** What a policy is improved by. Each is asked again for other parameters, and reads those that the group has then. */
export interface TrustRegion<G extends string = string> {
  /** How much better the policy does than the one that acted, a scalar: the mean of ratio times advantage. */
  readonly surrogate: () => Tensor;
  /** The mean KL divergence from the policy before the step, as data, to the policy as it is, a scalar. */
  readonly kl: () => Tensor;
  /**
   * Products with Fisher's matrix at the policy before the step, which may be that of a part of the batch: made by
   * {@linkcode ParameterGroup.gaussNewton} or {@linkcode ParameterGroup.hessian}. The Hessian of `kl` unless told otherwise.
   */
  readonly fisher?: (vector: FlatVector<G>) => FlatVector<G>;
}

/** What a step came to; scalars. */
export interface TRPOStep {
  /** Any of it, by name. */
  readonly [name: string]: Tensor;
  /** 1 if a step was made, 0 if none was good enough. */
  readonly accepted: Tensor;
  /** The KL divergence of the step, 0 without one. */
  readonly kl: Tensor;
  /** How much the surrogate has risen. */
  readonly improvement: Tensor;
  /** The share of the longest step that was made. */
  readonly share: Tensor;
  /** The Euclidean norm of the step. */
  readonly length: Tensor;
  /** What conjugate gradients have left of the right side, as a share of its norm. */
  readonly residual: Tensor;
  /** The gradient of the surrogate, `[size]`. */
  readonly gradient: Tensor;
}

const takesStep = signature("trpoStep()", {
  policy: kind.instance('a ParameterGroup, such as new ParameterGroup("policy", policy.parameters()),', ParameterGroup),
  region: kind.having("{ surrogate, kl }", { surrogate: kind.callable, kl: kind.callable }, {
    fisher: kind.optional(kind.callable),
  }),
  options: kind.options<TrustRegionOptions>({
    targetKl: kind.finite,
    cgMaxSteps: kind.count(1),
    cgDamping: kind.finite,
    lineSearchShrinkingFactor: kind.finite,
    lineSearchMaxIter: kind.count(1),
  }),
});

/**
 * Improves the parameters of `policy` by one step that is accepted only if the KL divergence of the whole batch stays below
 * `targetKl` and the surrogate does not fall; else they stay as they are, to the last bit. For use in a compiled function, with the
 * group as state. Neither the scale of advantages nor numbers that are not finite on the way make a step that is too long.
 *
 * @throws PlumblineError G305 for a KL divergence or surrogate that is not a scalar, G110 for one between a policy and itself where
 * neither is data, G101 if it does not depend on one of the parameters.
 *
 * @example A policy of one number, which is to grow.
 * ```ts
 * import { Normal, Parameter, ParameterGroup, tensor, trpoStep } from "@plumbline/plumbline";
 *
 * const mean = new Parameter(tensor([0]), "mean");
 * const policy = new ParameterGroup("policy", [mean]);
 * const now = () => new Normal(mean, 1);
 * const before = new Normal(tensor([0]), 1);
 * const { accepted, kl } = trpoStep(policy, {
 *   surrogate: () => now().logProb(tensor([2])).sub(before.logProb(tensor([2]))).exp().mean(),
 *   kl: () => before.kl(now()).mean(),
 * }, { targetKl: 0.01, cgDamping: 0 });
 * console.log(await accepted.item(), Number(await kl.item()) < 0.01); // 1 true
 * ```
 */
export function trpoStep<G extends string>(
  policy: ParameterGroup<G>,
  region: TrustRegion<G>,
  options: TrustRegionOptions = {},
): TRPOStep {
  takesStep(arguments);
  const { targetKl = 0.01 } = options;
  const before = policy.values();
  const { longest, gradient, residual } = naturalStep(policy, region, targetKl, options);
  const found = searchAlong(policy, region, before, longest, targetKl, options);
  policy.assign(new FlatVector(policy.name, found.chosen));
  const { accepted, kl, improvement, share } = found;
  const length = found.chosen.sub(before.tensor).norm();
  return { accepted, kl, improvement, share, length, residual, gradient: gradient.tensor };
}

/** The natural gradient, as long as the trust region allows if the KL divergence were its second order. */
function naturalStep<G extends string>(
  policy: ParameterGroup<G>,
  { surrogate, kl, ...region }: TrustRegion<G>,
  targetKl: number,
  { cgMaxSteps = 10, cgDamping = 0.1 }: TrustRegionOptions,
) {
  const gradient = policy.gradient(surrogate());
  noteSink(gradient.tensor.node, "the gradient of the surrogate");
  const fisher = region.fisher ?? policy.hessian(kl());
  const damped = (v: FlatVector<G>): FlatVector<G> => fisher(v).add(v.mul(cgDamping));
  // The step is the same for any multiple of the gradient: of one whose largest entry is 1 nothing overflows.
  const peak = gradient.tensor.abs().max();
  const goal = gradient.mul(where(peak.greater(0), peak, 1).reciprocal());
  const direction = conjugateGradient(damped, goal, { iterations: cgMaxSteps });
  const image = damped(direction);
  const curvature = direction.dot(image);
  const isSteep = curvature.greater(0);
  const scale = where(isSteep, where(isSteep, curvature, 1).div(2 * targetKl).rsqrt(), 0);
  const size = goal.norm();
  const residual = image.sub(goal).norm().div(where(size.greater(0), size, 1));
  return { longest: direction.mul(scale), gradient, residual };
}

/** A step that was found, or none. */
interface Found {
  readonly [name: string]: Tensor;
  /** The parameters, `[size]`. */
  readonly chosen: Tensor;
  readonly accepted: Tensor;
  readonly kl: Tensor;
  readonly improvement: Tensor;
  readonly share: Tensor;
}

/** The first of `longest`, and shares of it that shrink, which stays in the trust region and is no worse. Leaves the last tried. */
function searchAlong<G extends string>(
  policy: ParameterGroup<G>,
  { surrogate, kl }: TrustRegion<G>,
  before: FlatVector<G>,
  longest: FlatVector<G>,
  targetKl: number,
  { lineSearchShrinkingFactor: shrink = 0.8, lineSearchMaxIter: most = 10 }: TrustRegionOptions,
): Found {
  const start = surrogate().detach("the surrogate before the step");
  const none = zeros([]);
  const nothing: Found = { chosen: before.tensor, accepted: none, kl: none, improvement: none, share: none };
  const shares = tensor(Array.from({ length: most }, (_, i) => shrink ** i));
  const attempt = (found: Found, share: Tensor): readonly [Found, readonly []] => {
    const isOpen = found.accepted.equal(0);
    const candidate = before.add(longest.mul(share));
    policy.assign(candidate);
    const distance = kl();
    const improvement = surrogate().sub(start);
    // Comparisons with NaN are false: what cannot be judged is refused. So is a step of length 0, which improves nothing.
    const isGood = distance.less(targetKl).and(improvement.greaterEqual(0)).and(improvement.isFinite())
      .and(longest.tensor.abs().max().greater(0));
    const now = { chosen: candidate.tensor, accepted: isGood.cast("float32"), kl: distance, improvement, share };
    // What decides is known before the attempt: an engine that can leave out what is not taken leaves out all of it.
    return [either(isOpen, either(isGood, now, found), found), []];
  };
  return scan(attempt, nothing, shares, { state: policy })[0];
}

/** One of two, entry by entry. */
function either(condition: Tensor, yes: Found, no: Found): Found {
  const entries = Object.entries(yes).map(([name, x]) => [name, where(condition.expand(...x.shape), x, no[name]!)]);
  return Object.fromEntries(entries) as Found;
}
