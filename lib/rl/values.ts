/** What a critic that remembers says of a batch. */

import { type Recurrent, startAnew } from "../nn/recurrent.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Tree } from "../tensor/tree.ts";
import { scanSequences } from "./memory.ts";

/** What a critic sees along trajectories; `time` is the leading axis. */
export interface Seen {
  readonly [key: string]: Tensor;
  /** float32 [time, env, agent, feature]: what was acted on. */
  readonly observation: Tensor;
  /** float32 [time, env, agent, feature]: what was seen after the step, before any reset. */
  readonly nextObservation: Tensor;
  /** bool [time, env]: whether an episode began with this step. */
  readonly began: Tensor;
}

/** Values along trajectories, and what the critic remembers on the way. */
export interface Values {
  /** [time, env, agent]: of what was acted on. */
  readonly value: Tensor;
  /** [time, env, agent]: of what was seen after the step, by one who has seen the step. */
  readonly nextValue: Tensor;
  /** What was remembered before each sequence, `[sequence, env, ..]`. */
  readonly memory: Tree;
  /** What is remembered after the last step. */
  readonly last: Tree;
}

/** The values of a batch of sequences of `length` steps, from what is remembered of the batch before. */
export function valuesAlong(critic: Recurrent, seen: Seen, memory: Tree, length: number): Values {
  const initial = critic.initialState(...seen.observation.shape.slice(1, -1));
  const step = (now: { readonly memory: Tree }, x: Seen) => {
    const [value, memory] = critic.step(x.observation, startAnew(x.began, initial, now.memory));
    const [nextValue] = critic.step(x.nextObservation, memory);
    return [{ memory }, { value, nextValue }] as const;
  };
  const [last, said, before] = scanSequences(step, { memory }, seen, length);
  return { ...said, memory: before, last: last.memory };
}
