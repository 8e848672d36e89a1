/** `deno task render`: episodes as pictures that move, and as stills. */

import { join } from "node:path";
import type { Footage, PictureOptions } from "../../plot/episode.ts";
import { controllerNames, controllerOf } from "../../worlds/controllers.ts";
import { writeFileAtomic } from "../files/atomic.ts";
import { chooseDevice } from "../create.ts";
import { type Cast, film } from "./footage.ts";
import {
  choice,
  type ChoiceOption,
  type Config,
  integer,
  type NumberOption,
  path,
  running,
} from "../command/options.ts";
import { counted } from "../loop/progress.ts";
import { findTarget, openTrainer, type Target, worldOf, worldOptions } from "./target.ts";
import { checkPlace, type Tool } from "../command/tool.ts";

const options = {
  episodes: integer(1, 16, 1, "episodes, side by side") as NumberOption<number>,
  controller: choice(controllerNames, null, "instead of the policy of a run") as ChoiceOption<"random" | "heuristic">,
  seed: integer(0, 2 ** 32 - 1, 0, "other starts") as NumberOption<number>,
  out: path(null, "PATH.svg and PATH-still.svg are written; by default in the run's folder"),
  ...worldOptions,
  device: running.device,
};

/** `deno task render`. */
export const renderTool: Tool<typeof options> = {
  name: "render",
  summary:
    "Draws whole episodes of a run's deterministic policy, or of a controller: a picture that moves, and a still.",
  usage: "RUN | CHECKPOINT | SCENARIO [flags]",
  positionals: [1, 1],
  options,
  notes: [
    "Shown are agents (discs), their goals (rings with a cross), what is moved, walls, joints, lidar rays (strong where",
    "they hit) and the ways behind; in the still also where agents began (outlines). The grid is of half a metre.",
  ],
  examples: [
    "output/navigation/2030-01-31_12-00-00 --episodes 4",
    "wheel --controller heuristic --out wheel",
  ],
  run: async ({ positionals: [text], values, given }) => {
    const target = findTarget(text!, given as Partial<Config>);
    const controller = (values.controller as typeof values.controller | null) ?? null;
    const base = values.out?.replace(/\.svg$/, "") ?? defaultPath(target, controller);
    checkPlace("out", values.out ?? `${base}.svg`);
    const [episodes, title] = await record(target, controller, values.episodes, values.seed);
    const { drawAnimation, drawStill } = await import("../../plot/episode.ts");
    const files: readonly (readonly [string, string])[] = [
      [`${base}.svg`, drawAnimation(episodes, title)],
      [`${base}-still.svg`, drawStill(episodes, title)],
    ];
    for (const [path, content] of files) writeFileAtomic(path, content);
    const lines = episodes.map(({ caption }, i) => `episode ${i + 1}: ${caption}`);
    return [...lines, ...files.map(([path, { length }]) => `${path} (${Math.ceil(length / 1000)} kB)`)].join("\n");
  },
};

function defaultPath({ config, run }: Target, controller: string | null): string {
  const name = controller ?? "policy";
  return run === null ? `${config.scenarioName}-${name}` : join(run.folder, name);
}

/** Films the episodes, and says what they are. */
async function record(
  target: Target,
  controller: "random" | "heuristic" | null,
  count: number,
  seed: number,
): Promise<[Footage[], PictureOptions]> {
  const { config, run } = target;
  const { scenarioName, nAgents, algorithm } = config;
  const title = `${scenarioName}, ${counted(nAgents, "agent")}`;
  if (controller !== null) {
    const environment = worldOf(target);
    await chooseDevice(config.device);
    const cast: Cast = { environment, controller: controllerOf(environment, controller), state: [] };
    return [await film(cast, count, seed), { title, subtitle: `the ${controller} controller` }];
  }
  const trainer = await openTrainer(target, ", or a --controller");
  try {
    const { environment, policy } = trainer;
    const cast: Cast = { environment, controller: (observation) => policy.forward(observation), state: [policy] };
    const subtitle = `${algorithm} after iteration ${run?.checkpoint?.iteration}, deterministic policy`;
    return [await film(cast, count, seed), { title, subtitle }];
  } finally {
    trainer.dispose();
  }
}
