/**
 * The critic of multi-token prediction: how much a token changes what is to be expected, and what its values are to become. A value
 * V[t] is what is expected of the rewards from position t on, by whoever has read the tokens up to t.
 */

import { signature } from "../graph/arguments.ts";
import { atCaller } from "../graph/site.ts";
import { describe, sameShape } from "../graph/types.ts";
import { generalisedAdvantages } from "../rl/gae.ts";
import { where } from "../tensor/functions.ts";
import * as kind from "../tensor/kinds.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { refuse } from "./heads.ts";

const share = kind.kindOf("a number from 0 to 1", (x) => typeof x === "number" && x >= 0 && x <= 1);
const takesDeltas = signature("valueDeltas()", { values: kind.tensor, discount: kind.optional(share) });

/**
 * V[t] - discount V[t - 1] for values `[sequence, time]`, with 0 before the first: how much token t has changed what is expected.
 *
 * @throws PlumblineError G301 unless they have two axes.
 *
 * @example
 * ```ts
 * import { tensor, valueDeltas } from "@plumbline/plumbline";
 *
 * console.log(await valueDeltas(tensor([[1, 1, 0]]), 0.5).toList()); // [[1, 0.5, -0.5]]
 * ```
 */
export function valueDeltas(values: Tensor, discount = 0.95): Tensor {
  takesDeltas(arguments);
  if (values.rank !== 2 || values.dtype !== "float32") {
    refuse(
      `valueDeltas() takes float32 [sequence, time], not ${describe(values.node)}.`,
      [values],
      "values.squeeze(-1)?",
    );
  }
  return atCaller(() => values.sub(values.slice(1, 0, values.shape[1]! - 1).pad(1, 1, 0).mul(discount)));
}

/** What {@linkcode valueTargets} are made of; all are `[sequence, time]`. */
export interface ValueTargetParts {
  /** What is had at a position. */
  readonly rewards: Tensor;
  /** The values as they are. */
  readonly values: Tensor;
  /** bool: the tokens of a sequence, which are its first ones. */
  readonly valid: Tensor;
  /** Whether a sequence ends with its last token; else it is cut off there, and would go on as its last value says. */
  readonly terminal: boolean;
}

/** How far rewards count. */
export interface ValueTargetOptions {
  /** The discount: 0.99 unless told otherwise. */
  gamma?: number;
  /** The decay of generalised advantages: 0.95 unless told otherwise. */
  lmbda?: number;
}

const takesValues = signature("valueTargets()", {
  parts: kind.having("{ rewards, values, valid, terminal }", {
    rewards: kind.tensor,
    values: kind.tensor,
    valid: kind.tensor,
    terminal: kind.boolean,
  }),
  options: kind.options<ValueTargetOptions>({ gamma: share, lmbda: share }),
});

/**
 * What values are to become, `[sequence, time]`: value + generalised advantage (Schulman et al. 2015, equation 16), 0 where there is no
 * token. No gradient flows into them.
 *
 * @throws PlumblineError G301 for other shapes or dtypes.
 *
 * @example
 * ```ts
 * import { ones, tensor, valueTargets, zeros } from "@plumbline/plumbline";
 *
 * const rewards = tensor([[0, 0, 1]]), valid = ones([1, 3], { dtype: "bool" });
 * const targets = valueTargets({ rewards, values: zeros([1, 3]), valid, terminal: true }, { gamma: 0.5, lmbda: 1 });
 * console.log(await targets.toList()); // [[0.25, 0.5, 1]]
 * ```
 */
export function valueTargets(parts: ValueTargetParts, options: ValueTargetOptions = {}): Tensor {
  takesValues(arguments);
  const { rewards, values, valid, terminal } = parts;
  const { gamma = 0.99, lmbda = 0.95 } = options;
  const fits = [rewards, values].every((x) => x.rank === 2 && x.dtype === "float32" && sameShape(x.shape, valid.shape));
  if (!fits || valid.dtype !== "bool") {
    refuse(
      `valueTargets() takes float32 rewards and values and bool valid, all [sequence, time], not ${
        [rewards, values, valid].map((x) => describe(x.node)).join(", ")
      }.`,
      [rewards, values, valid],
      "one axis for sequences, one for time.",
    );
  }
  return atCaller(() => {
    const now = where(valid, values, 0).detach("the target of a value does not learn");
    const goesOn = valid.cast("int32").slice(1, 1).pad(1, 0, 1).greater(0);
    const done = goesOn.not();
    const after = now.slice(1, 1).pad(1, 0, 1);
    const overTime = (x: Tensor): Tensor => x.transpose(0, 1).unsqueeze(-1);
    const { returns } = generalisedAdvantages(
      {
        reward: overTime(where(valid, rewards, 0).detach("a reward does not learn")),
        value: overTime(now),
        nextValue: overTime(terminal ? after : where(done, now, after)),
        terminated: (terminal ? done : valid.not()).transpose(0, 1),
        done: done.transpose(0, 1),
      },
      gamma,
      lmbda,
    );
    return where(valid, returns.squeeze(-1).transpose(0, 1), 0);
  });
}
