/**
 * Fusions that need no learning, by name: what a learned trust has to be better than. Those of {@linkcode kalmanFusion} remember how
 * certain they are; the others make a position of what is said now and of where the steps lead.
 */

import { signature } from "../../graph/arguments.ts";
import { eye } from "../../tensor/creation.ts";
import { where } from "../../tensor/functions.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import * as kind from "../kinds.ts";
import { ranks } from "./attack.ts";
import { type Fusion, type Hidden, ownOf, type Sensed } from "./fusion.ts";
import { kalmanFusion, kalmanFusions } from "./kalman.ts";
import { type SwarmOptions, swarmSettings } from "./options.ts";

/** What a fusion without memory says: a position [env, agent, 2], and which sources [env, agent, source] it is made of; all if not said. */
type Said = { readonly estimate: Tensor; readonly trust?: Tensor };

/** What a rule is given. */
interface Heard extends Sensed {
  /** Where the own steps lead, [env, agent, 2]. */
  readonly reckoned: Tensor;
  /** The own GPS, [env, agent, 2]. */
  readonly gps: Tensor;
  /** 1 where it gave something, [env, agent]. */
  readonly hears: Tensor;
  /** [agent, source]: 1 for the own GPS. */
  readonly own: Tensor;
}

type Rule = (heard: Heard, hidden?: Hidden) => Said;

/** Metres by which the own GPS may be off from where the steps lead. */
const gate = 1.5;
/** Metres by which a neighbour's word may differ before it votes against a GPS position; half of the votes discard it. */
const voteDistance = 2.5;

const lengthOf = (x: Tensor): Tensor => x.square().sum(-1).sqrt();

/** `a` where `flag` [env, agent] is true, else `b`: [env, agent, 2]. */
const either = (flag: Tensor, a: Tensor, b: Tensor): Tensor => where(flag.unsqueeze(-1), a, b);

/** `choose` among the words on each axis, [env, agent, axis, source]; where nothing is heard, where the steps lead. */
function onAxes({ word, heard, reckoned }: Heard, choose: (word: Tensor, heard: Tensor) => Tensor): Said {
  const columns = word.transpose();
  const flags = heard.unsqueeze(2).expand(...columns.shape);
  return { estimate: either(heard.sum(-1).greater(0), choose(columns, flags), reckoned) };
}

/** What is not heard comes last, whatever is looked for. */
const far = 1e6;

/** The middle one of what is heard; the mean of the two in the middle. */
function median(word: Tensor, heard: Tensor): Tensor {
  const place = ranks(where(heard.greater(0), word, far));
  const middle = heard.sum(-1, true).sub(1).div(2);
  const at = (k: Tensor): Tensor => where(place.equal(k), word, 0).sum(-1);
  return at(middle.floor()).add(at(middle.ceil())).div(2);
}

/**
 * W-MSR (LeBlanc et al. 2013): of what is above the own GPS the `f` largest are dropped, of what is below the `f` smallest; the mean of
 * the rest. Without an own GPS nothing is dropped.
 */
function meanSubsequence(f: number, { own, hears }: Heard) {
  return (word: Tensor, heard: Tensor): Tensor => {
    const mine = word.mul(own.reshape(1, own.shape[0]!, 1, own.shape[1]!)).sum(-1, true);
    const isHeard = heard.greater(0);
    const large = ranks(where(isHeard, word.neg(), far)).less(f).and(word.greater(mine));
    const small = ranks(where(isHeard, word, far)).less(f).and(word.less(mine));
    const hasOwn = hears.greater(0).unsqueeze(-1).unsqueeze(-1);
    const kept = where(large.or(small).and(hasOwn), 0, heard);
    return word.mul(kept).sum(-1).div(kept.sum(-1).maximum(1));
  };
}

/** The own GPS where it is heard and `isKept` [env, agent], else where the own steps lead; nothing of what neighbours say. */
function ownOrReckoned({ gps, reckoned, hears, own }: Heard, isKept: Tensor): Said {
  const kept = isKept.and(hears.greater(0));
  return { estimate: either(kept, gps, reckoned), trust: own.unsqueeze(0).mul(kept.cast("float32").unsqueeze(-1)) };
}

const rules: Readonly<Record<string, Rule>> = {
  gps: (all) => ownOrReckoned(all, all.hears.greater(0)),
  dead_reckoning: ({ reckoned, heard }) => ({ estimate: reckoned, trust: heard.mul(0) }),
  gate: (all) => ownOrReckoned(all, lengthOf(all.gps.sub(all.reckoned)).less(gate)),
  vote: (all) => {
    const { word, heard, gps, own } = all;
    const others = heard.mul(own.mul(-1).add(1).unsqueeze(0));
    const against = lengthOf(word.sub(gps.unsqueeze(2))).greater(voteDistance).cast("float32").mul(others).sum(-1);
    const isKept = against.less(others.sum(-1).div(2)).or(others.sum(-1).equal(0));
    return ownOrReckoned(all, isKept);
  },
  mean: (all) => onAxes(all, (word, heard) => word.mul(heard).sum(-1).div(heard.sum(-1).maximum(1))),
  median: (all) => onAxes(all, median),
  wmsr_1: (all) => onAxes(all, meanSubsequence(1, all)),
  wmsr_2: (all) => onAxes(all, meanSubsequence(2, all)),
  truth: (_, hidden) => ({ estimate: hidden!.position }),
};

/** The fusions that there are; `oracle` and `truth` know what no agent can, and are bounds. */
export const fusionNames = [
  "gps",
  "dead_reckoning",
  "gate",
  "vote",
  "mean",
  "median",
  "wmsr_1",
  "wmsr_2",
  "kalman",
  "kalman_declared",
  "soft",
  "soft_declared",
  "covariance_intersection",
  "oracle",
  "truth",
] as const;

/** One of {@linkcode fusionNames}. */
export type FusionName = typeof fusionNames[number];

const takesName = signature("fusionOf()", { name: kind.text, world: kind.worldOptions });

/**
 * A fusion by its name. `gps` believes the own receiver, `dead_reckoning` the own steps, `gate` the receiver unless it is 1.5 m off
 * from those, `vote` unless half of the neighbours contradict it by 2.5 m; `mean`, `median` and `wmsr_1`, `wmsr_2` (LeBlanc et al. 2013)
 * are of all words; see {@linkcode kalmanFusion} for the others, which take the noise of motion and start to be that of a world with
 * the options `world`.
 *
 * @example
 * ```ts
 * import { fusionOf, SpoofedSwarm } from "@plumbline/plumbline";
 *
 * console.log(new SpoofedSwarm({ attack: "jump" }, fusionOf("median")).fusion.name); // median
 * ```
 * @throws RangeError if there is none of that name, or no such world.
 */
export function fusionOf(name: FusionName, world: SwarmOptions = {}): Fusion {
  takesName(arguments);
  const noise = swarmSettings(world);
  if (Object.hasOwn(kalmanFusions, name)) return kalmanFusion(name as keyof typeof kalmanFusions, noise);
  if (Object.hasOwn(rules, name)) return ruled(name, rules[name]!);
  throw new RangeError(`there is no fusion \`${name}\`; there are ${fusionNames.join(", ")}.`);
}

function ruled(name: string, rule: Rule): Fusion {
  return {
    name,
    knowsTruth: name === "truth",
    initialMemory: () => ({}),
    fuse(sensed, memory, hidden) {
      const own = eye(sensed.word.shape[1]!);
      const said = rule({
        ...sensed,
        reckoned: sensed.before.add(sensed.action),
        gps: ownOf(sensed.word, own),
        hears: ownOf(sensed.heard.unsqueeze(-1), own).squeeze(-1),
        own,
      }, hidden);
      return { estimate: said.estimate, trust: said.trust ?? sensed.heard, memory };
    },
  };
}
