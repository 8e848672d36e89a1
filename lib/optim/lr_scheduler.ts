/**
 * Learning rates that change from step to step: functions of the step, which give a share of the first rate, and what sets the rates
 * of an optimiser by them. A rate is a variable: no program is made anew.
 */

import { refuseNames } from "../forensics/pytorch/refuse.ts";
import { signature, takeOnly } from "../graph/arguments.ts";
import { PlumblineError } from "../graph/error.ts";
import { isTracing } from "../graph/trace.ts";
import { tensor } from "../tensor/creation.ts";
import * as kind from "../tensor/kinds.ts";
import { Optimizer } from "./optimizer.ts";

/** The share of the first learning rate at a step, which counts from 0. */
export type RateSchedule = (step: number) => number;

const steps = kind.count(1);
const takesWarmup = signature("warmup()", { steps, after: kind.optional(kind.callable) });
const takesCosine = signature("cosineAnnealing()", { total: steps, floor: kind.optional(kind.share) });
const takesDecay = signature("stepDecay()", { stepSize: steps, gamma: kind.optional(kind.finite) });

/**
 * From 1 / steps to 1 over `steps` steps, evenly, then `after`, which counts from 0 again and is 1 unless told otherwise
 * (torch: `SequentialLR` of `LinearLR(start_factor=1 / steps, total_iters=steps - 1)` and another one).
 */
export function warmup(steps: number, after: RateSchedule = () => 1): RateSchedule {
  takesWarmup(arguments);
  return (step) => step < steps ? (step + 1) / steps : after(step - steps);
}

/**
 * Half a wave of a cosine from 1 down to `floor` over `total` steps, where it stays; `floor` is 0 unless told otherwise (torch:
 * `CosineAnnealingLR(T_max=total, eta_min=floor * lr)`, which would rise again).
 */
export function cosineAnnealing(total: number, floor = 0): RateSchedule {
  takesCosine(arguments);
  return (step) => floor + (1 - floor) * (1 + Math.cos(Math.PI * Math.min(1, step / total))) / 2;
}

/** Times `gamma` after every `stepSize` steps; `gamma` is 0.1 unless told otherwise (torch: `StepLR(step_size, gamma)`). */
export function stepDecay(stepSize: number, gamma = 0.1): RateSchedule {
  takesDecay(arguments);
  return (step) => gamma ** Math.floor(step / stepSize);
}

/** Settings of {@linkcode oneCycle}, with PyTorch's defaults. */
export interface OneCycleOptions {
  /** The share of all steps in which it rises: 0.3. */
  pctStart?: number;
  /** What the highest rate is of the first: 25 times. */
  divFactor?: number;
  /** What the first rate is of the last: 10000 times. */
  finalDivFactor?: number;
}

const takesCycle = signature("oneCycle()", {
  total: kind.count(2),
  options: kind.options<OneCycleOptions>({ pctStart: kind.share, divFactor: kind.finite, finalDivFactor: kind.finite }),
});

/**
 * Up to the optimiser's rate and far down again, by half waves of a cosine, over `total` steps (Smith and Topin 2017; torch:
 * `OneCycleLR(max_lr=lr, total_steps=total)`; the momentum stays as it is).
 */
export function oneCycle(total: number, options: OneCycleOptions = {}): RateSchedule {
  takesCycle(arguments);
  const { pctStart = 0.3, divFactor = 25, finalDivFactor = 1e4 } = options;
  const [first, peak] = [1 / divFactor, pctStart * total - 1];
  const between = (from: number, to: number, at: number): number => to + (from - to) / 2 * (1 + Math.cos(Math.PI * at));
  return (step) => {
    const now = Math.min(step, total - 1);
    // Either side of the peak may have no length.
    if (now === peak) return 1;
    if (now < peak) return between(first, 1, now / peak);
    return between(1, first / finalDivFactor, (now - peak) / (total - 1 - peak));
  };
}

const takesScheduler = signature("new LRScheduler()", {
  optimizer: kind.instance("an optimiser", Optimizer),
  schedule: kind.either(kind.callable, kind.listOf(kind.callable, "a list with a schedule for each group")),
  step: kind.optional(kind.count(0)),
});

/**
 * Sets the learning rates of an optimiser's groups to what schedules leave of their first ones (torch.optim.lr_scheduler.LambdaLR).
 *
 * @example
 * ```ts
 * import { cosineAnnealing, LRScheduler, Parameter, SGD, tensor, warmup } from "@plumbline/plumbline";
 *
 * const optimizer = new SGD([new Parameter(tensor([1]), "w")], { lr: 0.1 });
 * const scheduler = new LRScheduler(optimizer, warmup(4, cosineAnnealing(100, 0.1)));
 * console.log(scheduler.rates); // [ 0.025 ]
 * scheduler.step(); // after each step of the optimiser
 * console.log(scheduler.rates); // [ 0.05 ]
 * ```
 */
export class LRScheduler {
  readonly #schedules: readonly RateSchedule[];
  #count: number;

  /**
   * One schedule for all groups, or one for each. It begins at `step`, 0 unless a run goes on that had taken some.
   *
   * @throws RangeError unless there are as many schedules as groups.
   */
  constructor(readonly optimizer: Optimizer, schedule: RateSchedule | readonly RateSchedule[], step = 0) {
    takesScheduler(arguments);
    const { groups } = optimizer;
    const all = typeof schedule === "function" ? groups.map(() => schedule) : schedule;
    if (all.length !== groups.length) {
      throw new RangeError(
        `LRScheduler takes one schedule for all groups, or one for each of them; there are ${groups.length}, and it was given ${all.length}.`,
      );
    }
    this.#schedules = all;
    this.#count = step;
    this.#set();
  }

  /** Steps that were taken. */
  get count(): number {
    return this.#count;
  }

  /** The learning rates as they are now, group by group. */
  get rates(): number[] {
    return this.optimizer.groups.map(({ firstRate }, i) => firstRate * this.#schedules[i]!(this.#count));
  }

  /**
   * Sets the rates of the next step.
   *
   * @throws PlumblineError G203 inside of a traced function, where the rate would stay for ever. RangeError for a schedule of one's own that gives no rate.
   */
  step(): void {
    if (isTracing()) {
      throw new PlumblineError({
        code: "G203",
        message: "a learning rate was scheduled in a traced function: it runs once, so the rate would stay for ever.",
        help: "call scheduler.step() after the call of the compiled step.",
      });
    }
    this.#count++;
    this.#set();
  }

  #set(): void {
    const { rates } = this;
    const bad = rates.find((x) => !Number.isFinite(x) || x < 0);
    if (bad !== undefined) {
      throw new RangeError(`a learning rate is a number of at least 0, not ${bad} at step ${this.#count}.`);
    }
    this.optimizer.groups.forEach(({ lr }, i) => lr.assign(tensor(rates[i]!)));
  }
}

takeOnly(LRScheduler, {});
refuseNames(LRScheduler.prototype, "a scheduler", "Scheduler methods");
