/**
 * Actions that are held for several steps (the frame skip of Mnih et al. 2015). Where a single step moves little, a
 * decision that lasts shows more of what it does, and there are fewer of them to learn from.
 */

import { signature, takeOnly } from "../graph/arguments.ts";
import { full, ones } from "../tensor/creation.ts";
import { where } from "../tensor/functions.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type Tree, zipTrees } from "../tensor/tree.ts";
import type { ActionKind, Environment, Transition } from "./environment.ts";
import * as kind from "./kinds.ts";
import type { Scene } from "./scene.ts";

const takesRepeat = signature("new ActionRepeat()", { inner: kind.world, times: kind.number });

/**
 * An environment whose agents decide anew every `times` steps. Rewards of the steps are summed, and nothing happens past the
 * end of an episode, so that an episode has the same steps and the same reward as under the same actions one by one.
 */
export class ActionRepeat<S extends Tree = Tree> implements Environment<S> {
  readonly name: string;
  readonly agents: number;
  readonly observationSize: number;
  readonly actionKind: ActionKind;
  readonly actionSize: number;
  /** Decisions in an episode: those of the inner environment over `times`, rounded up. */
  readonly maxSteps: number;
  readonly framesPerStep: number;
  readonly scene?: Scene<S>;

  /**
   * `times`: how many steps of `inner` an action lasts.
   *
   * @throws RangeError if `times` is not a whole number from 1.
   */
  constructor(readonly inner: Environment<S>, times: number) {
    takesRepeat(arguments);
    if (!Number.isInteger(times) || times < 1) {
      throw new RangeError(`an action is repeated a whole number of times, 1 or more; it was given ${times}.`);
    }
    this.name = inner.name;
    this.agents = inner.agents;
    this.observationSize = inner.observationSize;
    this.actionKind = inner.actionKind;
    this.actionSize = inner.actionSize;
    this.maxSteps = Math.ceil(inner.maxSteps / times);
    this.framesPerStep = times * (inner.framesPerStep ?? 1);
    if (inner.scene) this.scene = inner.scene;
  }

  reset(key: Tensor, envs: number): S {
    return this.inner.reset(key, envs);
  }

  observe(state: S): Tensor {
    return this.inner.observe(state);
  }

  /** Up to `times` steps under one action. */
  step(before: S, action: Tensor): Transition<S> {
    const { inner } = this;
    const times = this.framesPerStep / (inner.framesPerStep ?? 1);
    let sum = withFrames(inner.step(before, action));
    for (let i = 1; i < times; i++) sum = joined(sum, withFrames(inner.step(sum.state, action)));
    return sum;
  }
}

takeOnly(ActionRepeat, kind.worldMethods());

type Counted<S extends Tree> = Required<Transition<S>>;

function withFrames<S extends Tree>(transition: Transition<S>): Counted<S> {
  return { frames: ones([transition.terminated.size]).named("env"), ...transition };
}

/** Both, one after the other; only the first where it ended the episode. */
function joined<S extends Tree>(first: Counted<S>, second: Counted<S>): Counted<S> {
  const over = first.terminated.or(first.truncated);
  const no = full([over.size], 0, { dtype: "bool" }).named(...over.axes);
  /** `b`, or `a` where the episode is over. */
  const unlessOver = (a: Tensor, b: Tensor): Tensor =>
    where(over.reshape(over.size, ...b.shape.slice(1).map(() => 1)), a, b).named(...b.axes);
  return {
    state: zipTrees(first.state, second.state, unlessOver),
    reward: unlessOver(first.reward, first.reward.add(second.reward)),
    terminated: first.terminated.or(unlessOver(no, second.terminated)),
    truncated: first.truncated.or(unlessOver(no, second.truncated)),
    frames: unlessOver(first.frames, first.frames.add(second.frames)),
  };
}
