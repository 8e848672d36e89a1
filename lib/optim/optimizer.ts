/** What all optimisers share: groups of flat vectors with their own settings, learning rates that are state, clipping. */

import { mustStayFinite, noteSink } from "../forensics/nonfinite/sinks.ts";
import { haveLoose, noteIdleStep, noteLearning, noteStep, recentLosses } from "../forensics/steps/losses.ts";
import { warnOfLoose } from "../forensics/steps/ownership.ts";
import { auditFirstStep, auditMissing, refuseExchanged } from "../forensics/steps/first_step.ts";
import { noteUse, unusedLosses } from "../forensics/steps/gradient_story.ts";
import { PlumblineError } from "../graph/error.ts";
import { pending } from "../graph/pending.ts";
import { signature, takeOnly } from "../graph/arguments.ts";
import { concat, where } from "../tensor/functions.ts";
import { full, tensor } from "../tensor/creation.ts";
import * as kind from "../tensor/kinds.ts";
import {
  loadEntries,
  type LoadOptions,
  loadParameters,
  type LoadResult,
  type StateDict,
  stateDictOf,
  type StateEntry,
} from "../tensor/state_dict.ts";
import { Tensor } from "../tensor/tensor.ts";
import { type Parameter, type Stateful, Variable } from "../tensor/variable.ts";
import { Clip } from "./clip.ts";
import { freeParameters, learning, ParameterGroup } from "./group.ts";

/** Parameters with settings of their own. */
export interface GroupOptions {
  /** For messages and checkpoints. */
  name?: string;
  /** The parameters. */
  parameters: readonly Parameter[];
  /** The learning rate of the group; the optimiser's if none is given. */
  lr?: number;
  /** The weight decay of the group; the optimiser's if none is given. 0 for biases, say. */
  weightDecay?: number;
}

/** The settings that groups may have for themselves. */
export interface GroupDefaults {
  /** Learning rate. */
  readonly lr: number;
  /** How strongly the weights are drawn to 0; each optimiser says how. */
  readonly weightDecay: number;
}

/** What an optimiser keeps for a group: its vector, learning rate, and vectors of its own. */
export interface GroupState {
  /** The parameters and the vector of their numbers. */
  readonly group: ParameterGroup;
  /** A scalar, so that a schedule needs no new program. */
  readonly lr: Variable;
  /** The learning rate that it was made with, of which schedules leave a share. */
  readonly firstRate: number;
  /** At least 0. */
  readonly weightDecay: number;
  /** As long as the vector each: velocity of SGD, mean and square of Adam. */
  readonly moments: readonly Variable[];
  /** The steps in which a parameter had no gradient, `[parameter]`. */
  readonly missed: Variable;
}

/** Counts of missed steps: tells when numbers of the host that are not all 0 come in, those of a checkpoint. */
class MissedSteps extends Variable {
  constructor(value: Tensor, name: string, private readonly onRestored: () => void) {
    super(value, name);
  }

  override put(value: Tensor, again: (() => void) | null): void {
    super.put(value, again);
    if (value.node.value?.hostIfAny?.some((count) => count !== 0)) this.onRestored();
  }
}

/** Base of optimisers. `step()` assigns the parameters; uncompiled, the values are computed with the next read. */
export abstract class Optimizer implements Stateful {
  /** The groups, in the order they were given. */
  readonly groups: readonly GroupState[];
  /** Steps taken, a float32 scalar. */
  readonly count: Variable = new Variable(tensor(0), "optimizer.count");
  #clip: Clip | null = null;
  #isAudited = false;
  /** The groups of which not all parameters have had a gradient in each step. */
  readonly #uneven = new Set<GroupState>();

  /** `moments` names the vectors that the optimiser keeps for each group; they start at 0. */
  constructor(
    parameters: readonly Parameter[] | readonly GroupOptions[],
    defaults: GroupDefaults,
    moments: readonly string[],
  ) {
    takesBase(arguments);
    const { lr, weightDecay } = defaults;
    checkRate(lr);
    const groups = groupsOf(parameters);
    // All are checked before the first group takes over its parameters.
    const settings = groups.map((options) => ({
      lr: checkRate(options.lr ?? lr),
      weightDecay: checkNotNegative("a weight decay", options.weightDecay ?? weightDecay),
    }));
    const named = groups.map(({ name, parameters }: GroupOptions, i) => {
      return { name: name ?? (groups.length === 1 ? "parameters" : `group ${i}`), parameters };
    });
    checkOwn(named);
    this.groups = named.map(({ name, parameters }, i) => {
      const group = new ParameterGroup(name, parameters);
      const state: GroupState = {
        group,
        lr: new Variable(tensor(settings[i]!.lr), `${name}.lr`),
        firstRate: settings[i]!.lr,
        weightDecay: settings[i]!.weightDecay,
        moments: moments.map((moment) => mustStayFinite(new Variable(full([group.size], 0), `${name}.${moment}`))),
        missed: new MissedSteps(full([group.parameters.length], 0), `${name}.missed`, () => this.#countEach(state)),
      };
      return state;
    });
  }

  /**
   * The new values of a group, from its gradient. Assigns the group's moments. `count` tells which step it is, from 1: a scalar,
   * or a number for each entry where parameters have had fewer steps than the optimiser.
   */
  protected abstract update(state: GroupState, gradient: Tensor, count: Tensor): Tensor;

  /** Sets the learning rate of every group, from now on. */
  setLearningRate(lr: number): void {
    for (const state of this.groups) state.lr.assign(tensor(checkRate(lr)));
  }

  /**
   * Forgets the gradients.
   *
   * @throws PlumblineError G504 if they were those of a loss from which another optimiser has stepped without a gradient: the
   * two are exchanged.
   */
  zeroGrad(): void {
    const parameters = this.#parameters();
    refuseExchanged(parameters, unusedLosses(parameters));
    for (const parameter of parameters) parameter.grad = null;
    if (this.#clip?.holds) this.#clip.dropped();
    this.#clip = null;
  }

  /**
   * Scales the gradients of all groups together so that their norm is at most `maxNorm` (torch clip_grad_norm_), at the next
   * step. Gives the norm before.
   *
   * @throws RangeError if `maxNorm` is negative or NaN: it would turn the step around.
   */
  clipGradNorm(maxNorm: number): Tensor {
    if (!(maxNorm >= 0)) throw new RangeError(`clipGradNorm() takes a norm of at least 0, not ${maxNorm}.`);
    const gradients = this.groups.map(({ group }) => group.flatGrads().tensor);
    const clip = new Clip(this, this.#parameters(), gradients, maxNorm);
    // An infinite norm would scale every gradient to 0: a step that learns nothing, and says nothing.
    noteSink(clip.norm.node, "the gradient norm");
    if (!clip.isTooLate()) this.#clip = clip;
    return clip.norm;
  }

  /**
   * Changes the parameters by the gradients that `backward()` left. As in PyTorch those without a gradient stay as they are.
   *
   * @throws PlumblineError G101 if a parameter is cut from the loss, G107 if the gradients were thrown away, G504 if the loss
   * reaches what nobody holds instead.
   */
  step(): void {
    auditMissing(...learning(this.#parameters()));
    const stepping = this.#parameters().filter((x) => x.grad);
    if (stepping.length === 0) return noteIdleStep();
    pending.whole(() => this.#step(stepping));
  }

  #step(stepping: readonly Parameter[]): void {
    if (!this.#isAudited) {
      const groups = this.groups.map(({ group: { parameters, vector }, moments }) => ({ parameters, vector, moments }));
      auditFirstStep(groups, (x) => (x as Parameter).grad !== null);
    }
    noteUse(stepping);
    this.planStep();
    this.#clip = null;
    if (haveLoose()) warnOfLoose(recentLosses(), this.#parameters());
    this.#isAudited = true;
    noteLearning(stepping);
    noteStep();
    // The gradients of a step that went bad are bad: the next backward() is not to add to them.
    const used = new WeakSet(stepping.flatMap((x) => x.grad ?? []));
    pending.onUndo(() => {
      for (const x of stepping) if (x.grad && used.has(x.grad)) x.grad = null;
    });
  }

  /** For the audit: assigns what a step would, without having stepped: a pending clip is used and stays. */
  planStep(): void {
    const gradients = this.groups.map(({ group }) => group.flatGrads().tensor);
    const clipped = this.#clip?.holds ? this.#clip.apply(gradients) : gradients;
    const count = this.count.add(1);
    this.count.assign(count);
    this.groups.forEach((state, i) =>
      this.#stepGroup(state, clipped[i]!.detach("a step is not differentiated"), count)
    );
  }

  /** Steps a group. Parameters without a gradient keep their values, their moments and their count of steps. */
  #stepGroup(state: GroupState, gradient: Tensor, count: Tensor): void {
    const { group: { parameters, vector }, moments, missed } = state;
    const isWhole = parameters.every((x) => x.grad);
    if (isWhole && !this.#uneven.has(state)) return vector.assign(this.update(state, gradient, count));
    this.#countEach(state);
    const before = moments.map((x) => new Tensor(x.node));
    const spread = (x: Tensor): Tensor => concat(parameters.map(({ size }, i) => x.slice(0, i, i + 1).expand(size)));
    const idle = tensor(parameters.map((x) => x.grad ? 0 : 1));
    const next = this.update(state, gradient, count.sub(spread(missed)).maximum(1));
    missed.assign(missed.add(idle));
    if (isWhole) return vector.assign(next);
    const isIdle = spread(idle).greater(0);
    vector.assign(where(isIdle, vector, next));
    moments.forEach((x, i) => x.assign(where(isIdle, before[i]!, x)));
  }

  /** From now on each parameter of the group has its own count of steps: programs that step are traced again. */
  #countEach(state: GroupState): void {
    if (this.#uneven.has(state)) return;
    this.#uneven.add(state);
    state.missed.layout++;
  }

  #parameters(): Parameter[] {
    return this.groups.flatMap(({ group }) => [...group.parameters]);
  }

  /**
   * What it has counted and gathered, by name: `count`, and of each group `lr`, its moments (`mean`, `square`, `velocity`) as flat
   * vectors, and `missed`; the parameters' own numbers are the model's. Each name has `prefix` before it. They are the variables
   * themselves, as those of a module's `stateDict()`.
   */
  stateDict(prefix = ""): Record<string, Tensor> {
    return stateDictOf(this.#entries(), prefix);
  }

  /**
   * Takes over what another one had gathered, of the same parameters in the same groups.
   *
   * @throws PlumblineError G301 that lists what is missing, unexpected, or of another shape; then nothing was loaded.
   */
  loadStateDict(state: StateDict, options: LoadOptions = {}): LoadResult {
    return loadEntries(this.#entries(), state, options, `the optimiser ${this.constructor.name}`);
  }

  #entries(): StateEntry[] {
    const own = this.groups.flatMap(({ lr, moments, missed }) => [lr, ...moments, missed]);
    const entries = own.map((variable) => ({ key: variable.name, path: variable.name, variable }));
    return [{ key: "count", path: "count", variable: this.count }, ...entries];
  }

  /** Everything that a step changes or reads. */
  variables(): Variable[] {
    const vectors = this.groups.flatMap(({ group, lr, moments }) => [group.vector, lr, ...moments]);
    return [this.count, ...vectors, ...this.groups.map((x) => x.missed)];
  }
}

takeOnly(Optimizer, {
  stateDict: { prefix: kind.optional(kind.text) },
  loadStateDict: loadParameters,
  setLearningRate: { lr: kind.number },
  clipGradNorm: { maxNorm: kind.number },
}, ["planStep"]);

/** Whether `x` was written as a group, whatever is in it. */
const isGroup = (x: unknown): x is GroupOptions =>
  typeof x === "object" && x !== null && Object.getPrototypeOf(x) === Object.prototype;

const group = kind.having(
  "a group, { parameters },",
  { parameters: kind.parameters },
  { name: kind.text, lr: kind.number, weightDecay: kind.number },
  { params: "the parameters of a group are called so: { parameters, lr }." },
);
const groups = kind.listOf(group, "a list of groups");

/** What an optimiser changes: parameters, or groups of them with settings of their own. */
export const optimised: kind.Kind = {
  says: "a list of parameters, such as net.parameters(),",
  accepts: (x) => groups.accepts(x) || kind.parameters.accepts(x),
  inside: (x) => Array.isArray(x) && isGroup(x[0]) ? groups.inside!(x) : kind.parameters.inside!(x),
};

const takesBase = signature("new Optimizer()", {
  parameters: optimised,
  defaults: kind.having("the defaults of its groups, { lr, weightDecay },", {
    lr: kind.number,
    weightDecay: kind.number,
  }),
  moments: kind.listOf(kind.text, "a list of the names of its moments"),
});

/** A list of parameters is one group. */
function groupsOf(given: readonly Parameter[] | readonly GroupOptions[]): readonly GroupOptions[] {
  const isOfGroups = given.length > 0 && given.every(isGroup);
  return isOfGroups ? given : [{ parameters: given as readonly Parameter[] }];
}

/** Throws unless each group has parameters of its own: before the first one takes its parameters over. */
function checkOwn(groups: readonly { readonly name: string; readonly parameters: readonly Parameter[] }[]): void {
  const owner = new Map<Parameter, string>();
  for (const { name, parameters } of groups) {
    for (const parameter of freeParameters(name, parameters)) {
      const other = owner.get(parameter);
      if (other !== undefined) {
        throw new PlumblineError({
          code: "G501",
          message:
            `the parameter \`${parameter.name}\` is in two groups of one optimiser, \`${other}\` and \`${name}\`.`,
          help: "give it to one of them.",
        });
      }
      owner.set(parameter, name);
    }
  }
}

/** Gives `value`, unless it is negative or no number. */
export function checkNotNegative(what: string, value: number): number {
  if (!(value >= 0)) throw new RangeError(`${what} is a number of at least 0, not ${value}.`);
  return value;
}

function checkRate(lr: number): number {
  if (!(lr >= 0) || !Number.isFinite(lr)) throw new RangeError(`a learning rate is a number of at least 0, not ${lr}.`);
  return lr;
}
