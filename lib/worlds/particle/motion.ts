/** How bodies lie and move. */

import type { Tensor } from "../../tensor/tensor.ts";

/** Where bodies are and how they move. A world in which no body turns or is turned needs no angles. */
export type Motion = {
  /** [env, body, 2], metres. */
  position: Tensor;
  /** [env, body, 2], metres a second. */
  velocity: Tensor;
  /** [env, body], radians, not wrapped. */
  angle?: Tensor;
  /** [env, body], radians a second. */
  spin?: Tensor;
};

const axes: Readonly<Record<string, readonly (string | null)[]>> = {
  position: ["env", "body", null],
  velocity: ["env", "body", null],
  angle: ["env", "body"],
  spin: ["env", "body"],
  goal: ["env", null, null],
  steps: ["env"],
};

/** The state of a world of bodies with its axes named. */
export function named<S extends Readonly<Record<string, Tensor>>>(state: S): S {
  const parts = Object.entries(axes).filter(([part]) => part in state);
  return Object.fromEntries(parts.map(([part, names]) => [part, state[part]!.named(...names)])) as S;
}
