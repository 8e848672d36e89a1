/** The settings of all worlds of MuJoCo. */

import { integer, type NumberOption } from "../option.ts";

/** Rows of the table. */
export const steps = {
  maxSteps: integer(1, 1_000_000, 1000, "steps after which an episode is cut off"),
  workers: {
    kind: "integer",
    min: 0,
    max: 1024,
    aboveMin: false,
    initial: null,
    help: "threads that step, or one a core; 0: the one that learns",
  } as NumberOption<null>,
};
