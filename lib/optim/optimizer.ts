/** What all optimisers share: groups of flat vectors with their own settings, learning rates that are state, clipping. */

import { mustStayFinite, noteSink } from "../forensics/nonfinite/sinks.ts";
import { haveLoose, noteLearning, noteStep, recentLosses } from "../forensics/steps/losses.ts";
import { warnOfLoose } from "../forensics/steps/ownership.ts";
import { auditFirstStep } from "../forensics/steps/first_step.ts";
import { PlumblineError } from "../graph/error.ts";
import { pending } from "../graph/pending.ts";
import { takeOnly } from "../graph/arguments.ts";
import { concat, where } from "../tensor/functions.ts";
import { full, tensor } from "../tensor/creation.ts";
import * as kind from "../tensor/kinds.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type Parameter, type Stateful, Variable } from "../tensor/variable.ts";
import { freeParameters, ParameterGroup } from "./group.ts";

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
  /** At least 0. */
  readonly weightDecay: number;
  /** As long as the vector each: velocity of SGD, mean and square of Adam. */
  readonly moments: readonly Variable[];
}

/** Base of optimisers. `step()` assigns the parameters; uncompiled, the values are computed with the next read. */
export abstract class Optimizer implements Stateful {
  /** The groups, in the order they were given. */
  readonly groups: readonly GroupState[];
  /** Steps taken, a float32 scalar. */
  readonly count: Variable = new Variable(tensor(0), "optimizer.count");
  #scale: Tensor | null = null;
  #isAudited = false;

  /** `moments` names the vectors that the optimiser keeps for each group; they start at 0. */
  constructor(
    parameters: readonly Parameter[] | readonly GroupOptions[],
    { lr, weightDecay }: GroupDefaults,
    moments: readonly string[],
  ) {
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
      return {
        group,
        lr: new Variable(tensor(settings[i]!.lr), `${name}.lr`),
        weightDecay: settings[i]!.weightDecay,
        moments: moments.map((moment) => mustStayFinite(new Variable(full([group.size], 0), `${name}.${moment}`))),
      };
    });
  }

  /** The new values of a group, from its gradient. Assigns the group's moments. */
  protected abstract update(state: GroupState, gradient: Tensor, count: Tensor): Tensor;

  /** Sets the learning rate of every group, from now on. */
  setLearningRate(lr: number): void {
    for (const state of this.groups) state.lr.assign(tensor(checkRate(lr)));
  }

  /** Forgets the gradients. */
  zeroGrad(): void {
    for (const { group } of this.groups) for (const parameter of group.parameters) parameter.grad = null;
    this.#scale = null;
  }

  /**
   * Scales the gradients of all groups together so that their norm is at most `maxNorm` (torch clip_grad_norm_), at the next
   * step. Gives the norm before.
   *
   * @throws RangeError if `maxNorm` is negative or NaN: it would turn the step around.
   */
  clipGradNorm(maxNorm: number): Tensor {
    if (!(maxNorm >= 0)) throw new RangeError(`clipGradNorm() takes a norm of at least 0, not ${maxNorm}.`);
    const squares = this.groups.map(({ group }) => group.grads().tensor.square().sum());
    const norm = squares.reduce((a, b) => a.add(b)).sqrt();
    // An infinite norm would scale every gradient to 0: a step that learns nothing, and says nothing.
    noteSink(norm.node, "the gradient norm");
    this.#scale = norm.add(1e-6).reciprocal().mul(maxNorm).minimum(1);
    return norm;
  }

  /**
   * Changes the parameters by the gradients that `backward()` left.
   *
   * Parameters that are frozen, or whose gradient was stopped with a reason, stay as they are.
   *
   * @throws PlumblineError G101 if a parameter is cut from the loss, G106 if it is never used, G107 without backward().
   */
  step(): void {
    pending.whole(() => this.#step());
  }

  #step(): void {
    if (!this.#isAudited) {
      const groups = this.groups.map(({ group: { parameters, vector }, moments }) => ({ parameters, vector, moments }));
      auditFirstStep(groups, (x) => (x as Parameter).grad !== null);
    }
    this.planStep();
    this.#scale = null;
    if (haveLoose()) warnOfLoose(recentLosses(), this.groups.flatMap(({ group }) => group.parameters));
    this.#isAudited = true;
    noteLearning(this.groups.flatMap(({ group }) => group.parameters.filter((x) => x.grad)));
    noteStep();
    // The gradients of a step that went bad are bad: the next backward() is not to add to them.
    const parameters = this.groups.flatMap(({ group }) => group.parameters);
    const used = new WeakSet(parameters.flatMap((x) => x.grad ?? []));
    pending.onUndo(() => {
      for (const x of parameters) if (x.grad && used.has(x.grad)) x.grad = null;
    });
  }

  /** For the audit: assigns what a step would, without having stepped: a pending clip is used and stays. */
  planStep(): void {
    const gradients = this.groups.map(({ group }) => group.grads().tensor);
    const count = this.count.add(1);
    this.count.assign(count);
    this.groups.forEach((state, i) => {
      const gradient = this.#scale ? gradients[i]!.mul(this.#scale) : gradients[i]!;
      const next = this.update(state, gradient.detach("a step is not differentiated"), count);
      state.group.vector.assign(keepStill(state.group, next));
    });
  }

  /** Everything that a step changes or reads. */
  variables(): Variable[] {
    return [this.count, ...this.groups.flatMap(({ group, lr, moments }) => [group.vector, lr, ...moments])];
  }
}

/** `next`, but the old values where a parameter has no gradient. */
function keepStill({ parameters, vector }: ParameterGroup, next: Tensor): Tensor {
  if (parameters.every((x) => x.grad)) return next;
  const learns = concat(parameters.map((x) => full([x.size], x.grad ? 1 : 0)));
  return where(learns.greater(0), next, vector);
}

takeOnly(Optimizer, {
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
