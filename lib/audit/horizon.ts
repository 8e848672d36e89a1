/**
 * How the gradient of a loss fares on its way back through a horizon: its norm at what entered at every step, by how much it grows
 * a step, and where it leaves all bounds. A closed loop that explodes is seen long before it gives a number that is none (Metz,
 * Freeman, Schoenholz and Kachman, "Gradients are Not All You Need", 2021).
 */

import { signature } from "../graph/arguments.ts";
import { describe } from "../graph/types.ts";
import { stack, where } from "../tensor/functions.ts";
import * as kind from "../tensor/kinds.ts";
import { Tensor } from "../tensor/tensor.ts";
import { gradients } from "../tensor/transforms.ts";

/** Options of {@linkcode gradientOverTime}. */
export interface HorizonOptions {
  /** How many times the median norm a norm may be, or be below it, before it counts as exploded or vanished: above 1, 100 unless told otherwise. */
  readonly bound?: number;
}

/**
 * `steady`; `explodes`: going back it grows from step to step until it is beyond the bound; `vanishes`: it falls below it;
 * `not finite`: at some step it is NaN or infinite; `none`: it is 0 at all steps. `settles`: it is as large at first as one that
 * explodes, but because later steps lose next to nothing; the gradient of what they lose does not grow.
 */
export type HorizonVerdict = "steady" | "explodes" | "vanishes" | "settles" | "not finite" | "none";

const usualBound = 100;

/** What became of a gradient over a horizon; {@linkcode gradientOverTime} gives it. `String(report)` is a sentence. */
export class HorizonReport {
  /** The norm of the gradient at what entered at each step, in the order of time. */
  readonly norms: Float64Array;
  /** The median of those that are positive and finite; 0 if there are none. */
  readonly median: number;
  /**
   * By which factor the norm grows from a step to the one before it: the median over all pairs of steps of the first
   * half of the horizon, where all that is to grow has had the time, or of all of it if that is four steps; 1 if there are fewer
   * norms to tell.
   */
  readonly growth: number;
  /** What is to be said of it. */
  readonly verdict: HorizonVerdict;
  /** The first step on the way back, from 0, at which the norm is beyond the bound or not finite; null if there is none. */
  readonly at: number | null;

  /** Judges norms, in the order of time; `ofLast`: those of the gradient of what the last steps lose alone. */
  constructor(
    norms: ArrayLike<number>,
    /** See {@linkcode HorizonOptions.bound}. */
    readonly bound: number = usualBound,
    ofLast: ArrayLike<number> | null = null,
  ) {
    this.norms = Float64Array.from(norms);
    const told = this.norms.filter((x) => x > 0 && x < Infinity).sort();
    this.median = told[told.length >> 1] ?? 0;
    this.growth = growthOf(this.norms);
    [this.verdict, this.at] = judged(this);
    if (this.verdict !== "explodes" || ofLast === null) return;
    const last = new HorizonReport(ofLast, bound);
    const isUnstable = last.verdict === "explodes" || last.verdict === "not finite";
    if (isUnstable) this.growth = last.growth;
    else [this.verdict, this.at] = ["settles", null];
  }

  /** A sentence: what it does, by which factor, and from where on. */
  toString(): string {
    const { norms, median, bound, verdict, at, growth } = this;
    const back = `by a factor of ${growth.toPrecision(4)} a step on its way back`;
    const from = `from step ${at} of 0 to ${norms.length - 1} back`;
    const typical = `its median, ${median.toPrecision(3)}`;
    switch (verdict) {
      case "none":
        return `the gradient is 0 at all ${norms.length} steps of the horizon.`;
      case "not finite":
        return `the gradient is not finite ${from}; until there it changes ${back}.`;
      case "explodes":
        return `the gradient explodes over the horizon: it grows ${back}, and ${from} it is more than ${bound} times ${typical}.`;
      case "settles":
        return `the gradient settles over the horizon: it falls by a factor of ${
          growth.toPrecision(4)
        } a step, as what later steps ` +
          "lose does; the gradient of that does not grow on its way back.";
      case "vanishes":
        return `the gradient vanishes over the horizon: it changes ${back}, and ${from} it is less than a ${bound}th of ${typical}.`;
      case "steady":
        return `the gradient is steady over the ${norms.length} steps of the horizon: it changes ${back}, and is ${
          median.toPrecision(3)
        } in the middle.`;
    }
  }

  /** What `console.log` shows. */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }
}

/** Norms of which the slope is told, at most: more say the same. */
const mostTold = 101;

const middle = (sorted: readonly number[]): number => sorted[sorted.length >> 1]!;

/**
 * The slope of the logarithms of positive, finite numbers over their places: the median of those between any two of them (Theil 1950,
 * Sen 1968), which a few that stand out do not move. 0 for fewer than three.
 */
function slopeOf(numbers: Float64Array): number {
  const stride = Math.ceil(numbers.length / mostTold);
  const points = Array.from(numbers, (x, i) => [i, Math.log(x)] as const)
    .filter(([i, y]) => i % stride === 0 && Number.isFinite(y));
  if (points.length < 3) return 0;
  const slopes = points.flatMap(([a, x], i) => points.slice(i + 1).map(([b, y]) => (y - x) / (b - a)));
  return middle(slopes.sort((a, b) => a - b));
}

function growthOf(norms: Float64Array): number {
  const bad = norms.findLastIndex((x) => !Number.isFinite(x));
  // Before a norm that is not finite there is nothing to be told: what led to it is.
  const told = norms.subarray(bad + 1);
  const half = Math.ceil(told.length / 2);
  // Of three norms a hard step cannot be told from a growth; of four the median is none of its slopes.
  return Math.exp(-slopeOf(bad < 0 && told.length !== 4 ? told.subarray(0, half) : told));
}

function judged({ norms, median, growth, bound }: HorizonReport): [HorizonVerdict, number | null] {
  const bad = norms.findLastIndex((x) => !Number.isFinite(x));
  if (bad >= 0) return ["not finite", bad];
  if (median === 0) return ["none", null];
  // One large norm is a hard step; an explosion is a growth that by itself leads out of the bound, and stays there.
  const over = growth ** norms.length;
  const above = norms.findIndex((x) => x <= bound * median) - 1;
  if (above >= 0 && over > bound) return ["explodes", above];
  const below = norms.findIndex((x) => x >= median / bound) - 1;
  if (below >= 0 && over < 1 / bound) return ["vanishes", below];
  return ["steady", null];
}

/** The norm of each row, [row, ..], by its largest entry: squares neither overflow nor vanish. */
export function rowNorms(x: Tensor): Tensor {
  const rows = x.named(...x.shape.map(() => null)).reshape(x.shape[0]!, -1);
  const largest = rows.abs().max(1, true).detach("the scale of a norm");
  const scale = largest.add(largest.equal(0).cast("float32"));
  const norms = rows.div(scale).square().sum(1).sqrt().mul(scale.squeeze(1));
  return where(scale.squeeze(1).less(Infinity), norms, scale.squeeze(1));
}

/** Of so many steps the last one is looked at by itself. */
const lastOf = 4;

/** The mean of what the last quarter of the steps loses: all of it, if there are few. */
export function lossOfLast(losses: Tensor): Tensor {
  const steps = losses.shape[0]!;
  return losses.slice(0, steps - Math.ceil(steps / lastOf)).mean();
}

const takesOverTime = signature("gradientOverTime()", {
  losses: kind.tensor,
  inputs: kind.either(kind.tensor, kind.tensors),
  options: kind.options<HorizonOptions>({ bound: kind.finite }),
});

/**
 * The norm of dL/du_t at every step of a horizon, and what is to be said of it. `losses`, float32 [time], are what each step loses:
 * L is their mean; or a scalar, what is lost at the end. `inputs` are what entered at the steps: a tensor
 * `[time, ..]` that a {@linkcode scan} took, or the tensors of a loop, one a step. What a closed loop makes of its state is no
 * input: add zeros `[time, ..]` to the actions, and ask for the gradient by those.
 *
 * @example
 * ```ts
 * import { gradientOverTime, scan, type Tensor, tensor, zeros } from "@plumbline/plumbline";
 *
 * const pushes = zeros([40, 1]);
 * const [last] = scan((x: Tensor, push: Tensor) => [x.mul(1.5).add(push), []], tensor([1]), pushes);
 * const report = await gradientOverTime(last.sum(), pushes);
 * console.log(report.verdict, report.growth.toFixed(2), report.at); // explodes 1.50 7
 * ```
 * @throws RangeError with a sentence if there is no step, losses are neither a scalar nor [time], or the bound is not above 1;
 * PlumblineError G101 if the loss does not depend on the inputs.
 */
export async function gradientOverTime(
  losses: Tensor,
  inputs: Tensor | readonly Tensor[],
  options: HorizonOptions = {},
): Promise<HorizonReport> {
  takesOverTime(arguments);
  const { bound = usualBound } = options;
  if (!(bound > 1)) throw new RangeError(`the bound of gradientOverTime() is a factor above 1, not ${bound}.`);
  const isSequence = inputs instanceof Tensor;
  const steps = isSequence ? inputs.shape[0] ?? 0 : inputs.length;
  if (steps === 0) {
    throw new RangeError(
      "gradientOverTime() needs what entered at each step, [time, ..] or a list of tensors; this horizon has no steps.",
    );
  }
  if (losses.rank > 1 || losses.size === 0) {
    throw new RangeError(
      `gradientOverTime() takes what each step loses, float32 [time], or a scalar, what is lost at the end, not ${
        describe(losses)
      }.`,
    );
  }
  const normsOf = (loss: Tensor): Promise<ArrayLike<number>> => {
    // The last steps lose nothing that depends on an input that comes after them.
    const found = gradients(loss, isSequence ? [inputs] : inputs, { allowUnused: loss !== whole });
    return (isSequence ? rowNorms(found[0]!) : stack(found.map((x) => rowNorms(x.reshape(1, -1)).squeeze(0)))).data();
  };
  const whole = losses.rank === 0 ? losses : losses.mean();
  const report = new HorizonReport(await normsOf(whole), bound);
  if (report.verdict !== "explodes" || losses.rank === 0) return report;
  return new HorizonReport(report.norms, bound, await normsOf(lossOfLast(losses)));
}
