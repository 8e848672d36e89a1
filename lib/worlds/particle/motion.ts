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
