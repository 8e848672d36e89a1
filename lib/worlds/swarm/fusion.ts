/**
 * What agents make of their sensors: a position, from their own GPS, from what neighbours say, and from where they should be by
 * their own steps. A fusion sees what agents sense and nothing else; those that know the truth say so.
 */

import * as kind from "../kinds.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Tree } from "../../tensor/tree.ts";
import type { Stateful } from "../../tensor/variable.ts";

/**
 * What agents sense in a step. Source `j` of agent `i` is what agent j says about where i is: the position that j claims less where i
 * sees j; source `i` of agent `i` is its own GPS.
 */
export type Sensed = {
  /** Where agents thought that they were before the step, float32 [env, agent, 2]. */
  before: Tensor;
  /** The step that they meant to make, float32 [env, agent, 2]. */
  action: Tensor;
  /** Positions that sources tell, float32 [env, agent, source, 2]; anything where there is none. */
  word: Tensor;
  /** 1 where a source tells one, float32 [env, agent, source]. */
  heard: Tensor;
  /** The variance of each word on an axis if nobody lies, float32 [env, agent, source], m^2. */
  variance: Tensor;
  /** How far each source trusted its own GPS in the step before, by its own account, in [0, 1], float32 [env, agent, source]. */
  declared: Tensor;
};

/** What the simulator knows: for fusions that are bounds and not methods. */
export type Hidden = {
  /** Where agents are, float32 [env, agent, 2]. */
  position: Tensor;
  /** 1 where a source is off: spoofed, or a liar's, float32 [env, agent, source]. */
  bad: Tensor;
};

/** What agents make of it. */
export type Fused = {
  /** Where they think that they are, float32 [env, agent, 2]. */
  estimate: Tensor;
  /** How far each source is trusted beside the one that is most, in [0, 1], float32 [env, agent, source]; 0 where there is none. */
  trust: Tensor;
  /** What is remembered from then on. */
  memory: Tree;
};

/** A way to make a position of what is sensed. */
export interface Fusion {
  /** As the command line knows it. */
  readonly name: string;
  /** Whether it is given what no agent can know. */
  readonly knowsTruth?: boolean;
  /** What it reads that learns. */
  readonly learned?: readonly Stateful[];
  /** What is remembered where episodes begin: a tree of tensors with the leading axis env, or `{}`. */
  initialMemory(envs: number, agents: number): Tree;
  /** One step; `hidden` is there where {@linkcode Fusion.knowsTruth}. */
  fuse(sensed: Sensed, memory: Tree, hidden?: Hidden): Fused;
}

/** What a fusion is given, as an argument. */
export const sensedKind: kind.Kind = kind.having("what is sensed in a step", {
  ...{ before: kind.tensor, action: kind.tensor, word: kind.tensor, heard: kind.tensor },
  ...{ variance: kind.tensor, declared: kind.tensor },
});

/** The own GPS among sources `[env, agent, source, ..]`: the diagonal, `[env, agent, ..]`. */
export function ownOf(x: Tensor, own: Tensor): Tensor {
  const mask = own.reshape(1, ...own.shape, ...x.shape.slice(3).map(() => 1));
  return x.mul(mask).sum(2);
}
