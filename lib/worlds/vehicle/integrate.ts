/** How states go on in time: schemes for any right-hand side, in tensors. */

import { signature } from "../../graph/arguments.ts";
import { scan } from "../../tensor/scan.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Kind } from "../../graph/kinds.ts";
import * as kind from "../kinds.ts";

/** How fast a state changes: of the state's shape. */
export type Rate = (state: Tensor) => Tensor;

/**
 * `euler`: first order, stable where a rate falls by less than 2 in a step. `semi_implicit`: the same for speeds, after which places
 * move with the new ones: oscillations neither grow nor die out of themselves. `rk4`: the classical Runge-Kutta scheme of fourth order,
 * four rates a step, stable up to 2.78.
 */
export type Scheme = "euler" | "semi_implicit" | "rk4";

/** All of them. */
export const schemes: readonly Scheme[] = ["euler", "semi_implicit", "rk4"];

/** Options of {@linkcode integrate}. */
export interface IntegrateOptions {
  /** `rk4` unless told otherwise. */
  readonly scheme?: Scheme;
  /** Into how many steps of the scheme the time is divided; 1 unless told otherwise. */
  readonly substeps?: number;
  /** For `semi_implicit`: 1 where the state is a place, 0 where it is a speed; it broadcasts to the state. */
  readonly places?: Tensor;
}

const steps: Readonly<Record<Scheme, (rate: Rate, x: Tensor, h: number, places?: Tensor) => Tensor>> = {
  euler: (rate, x, h) => x.add(rate(x).mul(h)),
  semi_implicit(rate, x, h, places) {
    if (!places) {
      throw new RangeError(
        "integrate(): `semi_implicit` needs `places`: 1 where the state is a place, 0 where it is a speed.",
      );
    }
    const faster = x.add(rate(x).mul(places.neg().add(1)).mul(h));
    return faster.add(rate(faster).mul(places).mul(h));
  },
  rk4(rate, x, h) {
    const a = rate(x);
    const b = rate(x.add(a.mul(h / 2)));
    const c = rate(x.add(b.mul(h / 2)));
    const d = rate(x.add(c.mul(h)));
    return x.add(a.add(b.add(c).mul(2)).add(d).mul(h / 6));
  },
};

/** What {@linkcode integrate} may be told. */
export const integrateOptions: Kind = kind.optional(kind.having("options by name,", {}, {
  scheme: kind.optional(kind.oneOf(...schemes)),
  substeps: kind.optional(kind.count(1)),
  places: kind.optional(kind.tensor),
}));

const takesIntegrate = signature("integrate()", {
  rate: kind.callable,
  state: kind.tensor,
  seconds: kind.number,
  options: integrateOptions,
});

/**
 * The state `seconds` later. With more than one substep these are a {@linkcode scan}: a step of many compiles as fast as one.
 *
 * @example
 * ```ts
 * import { integrate, tensor } from "@plumbline/plumbline";
 *
 * const decayed = integrate((x) => x.neg(), tensor([1, 2]), 1, { substeps: 4 });
 * console.log((await decayed.toList() as number[]).map((x) => x.toFixed(3))); // [ "0.368", "0.736" ]
 * ```
 * @throws RangeError with a sentence if the time is not above 0.
 */
export function integrate(rate: Rate, state: Tensor, seconds: number, options: IntegrateOptions = {}): Tensor {
  takesIntegrate(arguments);
  const { scheme = "rk4", substeps = 1, places } = options;
  if (!(seconds > 0 && seconds < Infinity)) {
    throw new RangeError(`integrate() goes on by a time above 0, in seconds, not ${seconds}.`);
  }
  const once = (x: Tensor): Tensor => steps[scheme](rate, x, seconds / substeps, places);
  return substeps === 1 ? once(state) : scan((x: Tensor) => [once(x), []], state, [], { length: substeps })[0];
}
