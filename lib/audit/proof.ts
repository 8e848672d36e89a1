/** Finite differences against the gradient, parameter by parameter, and which frozen place takes the difference away. */

import { HostRandom } from "../tensor/host_random.ts";
import type { Parameter } from "../tensor/variable.ts";
import { reentered, type Verdict } from "../forensics/flow/cut.ts";
import { type Cut, describeDrop, wayOf } from "../forensics/flow/dropped.ts";
import { helpFor } from "../forensics/flow/help.ts";
import { direction, type Freezable, type FrozenLoss } from "./freeze.ts";
import { howCut, labelOf } from "../forensics/flow/label.ts";
import type { Learner } from "../forensics/flow/edges.ts";
import { pathText } from "../forensics/flow/trail.ts";

/** What freeze-replay found for a parameter. */
export interface Proof {
  /** The place whose freezing takes the dependence away. */
  readonly cut: Cut | null;
  /** What is left to say. */
  readonly note: string | null;
}

/** What is known from the graph. */
export interface Known {
  readonly value: number;
  readonly weights: ReadonlyMap<Parameter, Float32Array>;
  /** Of the parameters that are reached. */
  readonly gradients: ReadonlyMap<Parameter, Float32Array>;
  readonly verdicts: ReadonlyMap<Learner, Verdict>;
}

const directions = 2;
/** Steps along a direction, relative to the size of the weights. */
const stepShare = 1e-2;
/** A difference must be this share of the derivative to count: float32 and curvature make smaller ones. */
const tolerance = 0.1;

interface Trial {
  readonly step: Float32Array;
  readonly size: number;
  readonly expected: number;
  readonly measured: number;
}

const confirmed = (isPartial: boolean): string =>
  `confirmed: frozen at its old value, the loss ${isPartial ? "moves as the gradient says" : "no longer moves"}`;

async function slope(
  loss: FrozenLoss,
  x: Parameter,
  step: Float32Array,
  size: number,
  frozen?: Freezable,
): Promise<number> {
  const up = await loss.at(x, step, frozen);
  const down = await loss.at(x, step.map((v) => -v), frozen);
  return (up - down) / (2 * size);
}

function differs(measured: number, expected: number, noise: number): boolean {
  return Math.abs(measured - expected) > tolerance * Math.max(Math.abs(measured), Math.abs(expected)) + noise;
}

/** A direction along which the loss moves otherwise than its gradient says, at two step sizes: not by a kink or curvature. */
async function disagreement(loss: FrozenLoss, x: Parameter, known: Known, random: HostRandom): Promise<Trial | null> {
  const weight = known.weights.get(x)!;
  const gradient = known.gradients.get(x);
  const scale = Math.sqrt(weight.reduce((sum, v) => sum + v * v, 0) / weight.length);
  const size = stepShare * Math.max(scale, 0.05) / Math.max(1, weight.length ** 0.25);
  for (let i = 0; i < directions; i++) {
    const step = direction(random, weight.length, size);
    const expected = gradient ? gradient.reduce((sum, g, k) => sum + g * step[k]!, 0) / size : 0;
    const noise = 64 * 2 ** -24 * Math.max(Math.abs(known.value), 1e-3) / size;
    const measured = await slope(loss, x, step, size);
    if (!differs(measured, expected, noise)) continue;
    const half = await slope(loss, x, step.map((v) => v / 2), size / 2);
    const isSteady = Math.abs(half - measured) <= 0.3 * Math.abs(half - expected) + 2 * noise;
    if (isSteady && differs(half, expected, 2 * noise)) return { step, size, expected, measured };
  }
  return null;
}

function placeOf({ drop, stop }: Freezable, isPartial: boolean): Pick<Cut, "how" | "places" | "help"> {
  if (drop) {
    const note = `${describeDrop(drop)} (${confirmed(isPartial)})`;
    return {
      how: drop.kind,
      places: [{ site: drop.site, note }],
      help: helpFor({ how: drop.kind, left: drop.site, isThroughHost: true }),
    };
  }
  const how = howCut(stop!);
  const note = `${how} passes no gradient to ${labelOf(stop!.inputs[0]!)} (${confirmed(isPartial)})`;
  return { how, places: [{ site: stop!.site, note }], help: helpFor({ how, left: stop!.site }) };
}

function cutAt(place: Freezable, verdict: Verdict, learner: Parameter, loss: FrozenLoss): Cut {
  const again = place.drop && reentered(place.drop, loss.loss.node, learner);
  const structural = again ?? ("cut" in verdict ? verdict.cut : null);
  const own = placeOf(place, verdict.status === "reached");
  const isSame = structural?.places[0] && structural.places[0].site.key === own.places[0]!.site.key;
  const between = place.drop ? wayOf(place.drop, learner) : [own.how];
  return {
    ...own,
    places: [...own.places, ...(isSame ? structural.places.slice(1) : [])],
    path: isSame ? structural.path : pathText(["arithmetic outside of the graph", ...between], learner.label),
    help: isSame ? structural.help : own.help,
    forbidden: false,
  };
}

/** Of the places whose freezing brings the measured slope back to the gradient, the first; else the one that does most. */
async function guilty(loss: FrozenLoss, x: Parameter, trial: Trial): Promise<Freezable | null> {
  const { step, size, expected, measured } = trial;
  let best: Freezable | null = null;
  let bestLeft = 0.8 * Math.abs(measured - expected);
  for (const candidate of loss.candidates(x)) {
    const left = Math.abs(await slope(loss, x, step, size, candidate) - expected);
    if (left <= 0.1 * Math.abs(measured - expected)) return candidate;
    if (left < bestLeft) [best, bestLeft] = [candidate, left];
  }
  return best;
}

/** Tries every parameter that learns. What detach() takes from one that is reached in another way is meant, and a note. */
export async function prove(
  loss: FrozenLoss,
  parameters: readonly Parameter[],
  known: Known,
): Promise<Map<Parameter, Proof>> {
  const proofs = new Map<Parameter, Proof>();
  const random = new HostRandom(1);
  if (!Number.isFinite(known.value)) return proofs;
  for (const x of parameters) {
    if (!(known.gradients.get(x) ?? []).every(Number.isFinite)) continue;
    const trial = await disagreement(loss, x, known, random);
    const place = trial && await guilty(loss, x, trial);
    if (place?.stop && known.verdicts.get(x)!.status === "reached") {
      const note = `a part of the loss is stopped by ${howCut(place.stop)} at ${place.stop.site}, proved`;
      proofs.set(x, { cut: null, note });
      continue;
    }
    const unexplained = trial && !place &&
      `the loss moves by ${trial.measured.toPrecision(3)} where the gradient says ${trial.expected.toPrecision(3)}: ` +
        "a value takes a way that was not seen";
    proofs.set(x, { cut: place && cutAt(place, known.verdicts.get(x)!, x, loss), note: unexplained || null });
  }
  return proofs;
}
