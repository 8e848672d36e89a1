/** The five algorithms of the spoofed swarm: PPO on what its agents make of their sensors, by their GPS or by what they learn to trust. */

import { TrustConsensus } from "../../rl/trust/consensus.ts";
import type { LearnedFusion } from "../../rl/trust/learned_fusion.ts";
import { OffsetDetector } from "../../rl/trust/offset_detector.ts";
import { SwarmTrainer } from "../../rl/trust/swarm_trainer.ts";
import { TrustNetwork } from "../../rl/trust/trust_network.ts";
import { HostRandom } from "../../tensor/host_random.ts";
import type { Fusion } from "../../worlds/swarm/fusion.ts";
import { fusionOf } from "../../worlds/swarm/fusions.ts";
import type { SwarmOptions } from "../../worlds/swarm/options.ts";
import { SpoofedSwarm } from "../../worlds/swarm/swarm.ts";
import { integer, needing, type Option, positive, real, toggle, type ValuesOf } from "../option.ts";
import type { Algorithm } from "../reinforcement/algorithm.ts";
import { onPolicyAlgorithm } from "../reinforcement/on_policy.ts";
import { ppoSettings } from "../reinforcement/ppo.ts";
import { counted } from "../text.ts";

const mixture = { mixed: toggle(true, "train on fewer spoofed receivers and other liars, too") };

/** `row`, which is about a fusion that learns. */
function ofFusion<O extends Option>(row: O): O {
  const says = "a fusion that learns, as --algorithm trust-consensus-mappo has one";
  return needing(says, ({ algorithm }) => algorithm !== "lstm-mappo" && algorithm !== "vanilla-mappo", row);
}

const fusionRows = {
  flights: ofFusion(integer(1, 100_000, 32, "flights from which the fusion learns at once")),
  trustUpdates: ofFusion(integer(0, 1000, 5, "batches of such flights in an iteration")),
  trustEpochs: ofFusion(integer(1, 1000, 1, "passes over each")),
  trustHorizon: ofFusion(integer(1, 100_000, 24, "steps that its gradient flows back")),
  trustLr: ofFusion(positive(1, 2e-3, "its learning rate")),
  trustSteadiness: ofFusion(real(0, 100, 0.1, "what a change of trust costs beside the error")),
  errorCap: ofFusion(real(0, 1e6, 2, "metres from which an error costs its length; 0: never")),
};

const consensusRows = {
  trustHiddenSize: integer(1, 1000, 32, "units of the memory of each source"),
  trustMemory: toggle(true, "sources are remembered"),
  trustNeighbours: toggle(true, "neighbours are heard"),
  trustDeclared: toggle(true, "what they declare of their own GPS is heard"),
  trustConsensus: toggle(true, "how far sources agree is looked at"),
};

const rows = { ...ppoSettings, ...mixture, ...fusionRows };
const allRows = { ...rows, ...consensusRows };

type SwarmSettings = ValuesOf<typeof rows>;
type AllSettings = ValuesOf<typeof allRows>;

/** Fewer spoofed receivers and other numbers of liars, beside those that are asked for. */
function mixtureOf({ nAgents = 8, fraction = 0, liars = 0 }: SwarmOptions): Pick<SwarmOptions, "fraction" | "liars"> {
  const [most, asked] = [Math.max(...[fraction].flat()), Math.max(...[liars].flat())];
  const room = nAgents - Math.round(most * nAgents);
  return { fraction: [0, most / 2, most], liars: [0, 0, asked, asked, Math.min(2 * asked, room)] };
}

interface Parts<S extends SwarmSettings> {
  readonly help: string;
  readonly settings: { readonly [K in keyof S]: (typeof allRows)[K & keyof typeof allRows] };
  /** What makes a position of what is sensed in such a world, drawn from `random` where it learns. */
  readonly fusion: (settings: S, random: HostRandom, world: SwarmOptions) => Fusion | LearnedFusion;
  readonly learns: string;
}

function swarmAlgorithm<S extends SwarmSettings>({ help, settings, fusion, learns }: Parts<S>): Algorithm {
  return onPolicyAlgorithm<S>({
    help,
    settings,
    beside: learns === "" ? {} : { "position error": "train/position_error" },
    learns: ({ numEpochs, trustUpdates, flights }, minibatches) =>
      `${counted(numEpochs, "epoch")} of ${counted(minibatches, "minibatch", "es")}` +
      (learns === "" ? "" : `, and ${learns} from ${trustUpdates} x ${counted(flights, "flight")}`),
    async create(world, options) {
      const { settings } = world as SpoofedSwarm;
      const given = options as unknown as S & { readonly seed: number };
      // Not the stream that draws policy and critic.
      const made = fusion(given, new HostRandom(given.seed).split(), settings);
      const flown = new SpoofedSwarm(given.mixed ? { ...settings, ...mixtureOf(settings) } : settings, made);
      const names = [...Object.keys(ppoSettings), ...Object.keys(fusionRows), "seed", "policy", "critic"];
      const own = Object.fromEntries(
        names.filter((name) => Object.hasOwn(options, name)).map((
          name,
        ) => [name, options[name as keyof typeof options]]),
      );
      const all = { ...own, algorithm: "mappo" } as unknown as Parameters<typeof SwarmTrainer.create>[1];
      return await SwarmTrainer.create(flown, all, new SpoofedSwarm(settings, made));
    },
  });
}

/** By name; the last is what the others are compared with. */
export const swarmAlgorithms: Readonly<Record<string, Algorithm>> = {
  "trust-consensus-mappo": swarmAlgorithm<AllSettings>({
    help: "PPO on GPS and words, by trust in each source",
    settings: allRows,
    learns: "trust",
    fusion: (
      { trustHiddenSize: hiddenSize, trustMemory, trustNeighbours, trustDeclared, trustConsensus },
      random,
      world,
    ) =>
      new TrustConsensus(random, {
        ...{ hiddenSize, recurrent: trustMemory, neighbours: trustNeighbours },
        ...{ declared: trustDeclared, consensus: trustConsensus, world },
      }),
  }),
  "trust-mappo": swarmAlgorithm<SwarmSettings>({
    help: "PPO on GPS and words, by two weights",
    settings: rows,
    learns: "trust",
    fusion: (_, random) => new TrustNetwork(random),
  }),
  "lstm-detector-mappo": swarmAlgorithm<SwarmSettings>({
    help: "PPO on GPS less the offset that an LSTM sees in it",
    settings: rows,
    learns: "a detector",
    fusion: (_, random) => new OffsetDetector(random),
  }),
  "lstm-mappo": swarmAlgorithm<SwarmSettings>({
    help: "PPO on GPS, whose policy and critic remember",
    settings: { ...rows, recurrent: { ...rows.recurrent, initial: "lstm" } },
    learns: "",
    fusion: () => fusionOf("gps"),
  }),
  "vanilla-mappo": swarmAlgorithm<SwarmSettings>({
    help: "PPO on GPS",
    settings: rows,
    learns: "",
    fusion: () => fusionOf("gps"),
  }),
};
