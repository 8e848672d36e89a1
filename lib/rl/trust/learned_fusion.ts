/**
 * Fusions that learn whom to trust. What they are told of sources enters as data: how far a word is from where the own steps lead says
 * whom to trust, and no gradient goes back through it to the position of the step before. Through that position itself it goes.
 */

import { takeOnly } from "../../graph/arguments.ts";
import { Module } from "../../nn/module.ts";
import { eye } from "../../tensor/creation.ts";
import { stopGradient } from "../../tensor/functions.ts";
import * as kind from "../../tensor/kinds.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Tree } from "../../tensor/tree.ts";
import type { Stateful } from "../../tensor/variable.ts";
import { type Fused, type Fusion, ownOf, type Sensed } from "../../worlds/swarm/fusion.ts";

/** What a network is told about the words of sources, all data. */
export interface Told {
  /** Where the own steps lead, float32 [env, agent, 2]. */
  readonly reckoned: Tensor;
  /** How far each word is from there, [env, agent, source, 2], metres; 0 where there is none. */
  readonly off: Tensor;
  /** [agent, source]: 1 for the own GPS. */
  readonly own: Tensor;
}

/** A fusion that learns. */
export abstract class LearnedFusion extends Module implements Fusion {
  /** As the command line knows the algorithm. */
  abstract readonly name: string;
  /** What is remembered where episodes begin. */
  abstract initialMemory(envs: number, agents: number): Tree;
  /** One step. */
  abstract fuse(sensed: Sensed, memory: Tree): Fused;

  /** Itself. */
  get learned(): readonly Stateful[] {
    return [this];
  }

  /**
   * A fusion takes more than one tensor.
   *
   * @throws TypeError always.
   */
  override forward(_x: Tensor): Tensor {
    throw new TypeError(
      `${this.constructor.name} takes what agents sense in a step, and what it remembers: fuse(sensed, memory).`,
    );
  }
}

takeOnly(LearnedFusion, { forward: { x: kind.tensor } });

/** What a network is told in a step. */
export function toldBy({ before, action, word, heard }: Sensed): Told {
  const reckoned = before.add(action);
  const off = stopGradient(word.sub(reckoned.unsqueeze(2)), "what is told of a source is data").mul(
    heard.unsqueeze(-1),
  );
  return { reckoned, off, own: eye(word.shape[1]!) };
}

/** The own GPS of agents: how far it is off, `[env, agent, 2]`, and whether it gave anything, `[env, agent, 1]`. */
export function ownGps({ off, own }: Told, { heard }: Sensed): { off: Tensor; heard: Tensor } {
  return { off: ownOf(off, own), heard: ownOf(heard.unsqueeze(-1), own) };
}

/** The share of each trust in the largest: what agents declare, and what is shown. */
export function besideTheBest(weight: Tensor): Tensor {
  return weight.div(weight.max(-1, true).maximum(1e-9));
}
