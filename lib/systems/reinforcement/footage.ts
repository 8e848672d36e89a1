/** Episodes recorded for drawing: where everything was, step by step. */

import { signature } from "../../graph/arguments.ts";
import { compile } from "../../compile/compile.ts";
import type { Footage, SpaceFootage } from "../../plot/footage.ts";
import { play } from "../../rl/evaluation.ts";
import { checkSeed, recordScene } from "../../rl/host_episodes.ts";
import { randomKey } from "../../tensor/random.ts";
import { concat } from "../../tensor/functions.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Tree } from "../../tensor/tree.ts";
import type { Stateful } from "../../tensor/variable.ts";
import type { Controller, RecurrentController } from "../../worlds/controllers.ts";
import type { Environment } from "../../worlds/environment.ts";
import { sceneOf } from "../../worlds/host/pool.ts";
import { type HostScene, type HostWorld, isHostWorld } from "../../worlds/host/world.ts";
import * as kind from "../../worlds/kinds.ts";
import { noScene, type Scene } from "../../worlds/scene.ts";
import { UsageError } from "../usage.ts";
import { numberText } from "../text.ts";

/** What a step lasts, unless the scene says it: that of a particle world. */
const stepSeconds = 0.1;

/** Who is filmed. */
export interface Cast<W extends Environment | HostWorld = Environment> {
  /** The world. */
  readonly environment: W;
  /** What acts in it: a policy, or one of {@linkcode controllerOf}. */
  readonly controller: Controller | RecurrentController;
  /** What the controller reads that may change, as {@linkcode compile} wants it. */
  readonly state: readonly Stateful[];
}

type Shot = Readonly<Record<string, Tensor>>;

/** What is kept of a state. */
function shotOf<S extends Tree>({ place, lidar, links, errors }: Scene<S>, state: S): Shot {
  return {
    ...place(state),
    ...lidar && { nearness: lidar.nearness(state) },
    ...links && { links: links(state) },
    ...errors && { errors: errors.values(state) },
  };
}

const takesFilm = signature("film()", {
  cast: kind.having("{ environment, controller, state }", {
    environment: kind.anyWorld,
    controller: kind.controller,
    state: kind.listOf(kind.stateful, "a list of modules and other state"),
  }),
  count: kind.number,
  seed: kind.number,
});

/**
 * Films `count` whole episodes, drawn from `seed`, an integer in [0, 2^32).
 *
 * @example
 * ```ts
 * import { controllerOf, drawAnimation, film, Wheel } from "@plumbline/plumbline";
 *
 * const environment = new Wheel({ maxSteps: 10 });
 * const controller = controllerOf(environment, "heuristic");
 * const episodes = await film({ environment, controller, state: [] }, 1, 0);
 * const svg = drawAnimation(episodes, { title: "wheel", subtitle: "the heuristic" });
 * console.log(episodes[0]!.frames, svg.startsWith("<svg")); // 11 true
 * ```
 * @throws UsageError if the world does not say what it looks like, RangeError if `count` is no number of episodes.
 */
export function film(cast: Cast, count: number, seed: number): Promise<Footage[]>;
/** Films whole episodes of a world that may be on the host, in a plane or in space. */
export function film(
  cast: Cast<Environment | HostWorld>,
  count: number,
  seed: number,
): Promise<(Footage | SpaceFootage)[]>;
export async function film(
  cast: Cast<Environment | HostWorld>,
  count: number,
  seed: number,
): Promise<(Footage | SpaceFootage)[]> {
  takesFilm(arguments);
  const { environment } = cast;
  const onHost = isHostWorld(environment);
  const scene = onHost ? await sceneOf(environment) : environment.scene;
  if (!scene) throw new UsageError(noScene(environment.name, onHost ? "your_own_simulation" : "your_own_world"));
  if (!Number.isInteger(count) || count < 1) {
    throw new RangeError(`a film shows a whole number of episodes, at least 1, not ${count}.`);
  }
  checkSeed(seed);
  return onHost
    ? await filmOnHost(environment, scene as HostScene, cast, count, seed)
    : await filmTensors(environment, cast, count, seed);
}

const captionOf = (reward: number, steps: number, terminated: boolean): string =>
  `reward ${numberText(reward)}, ${steps} steps, ${terminated ? "terminated" : "time up"}`;

async function filmOnHost(
  world: HostWorld,
  scene: HostScene,
  { controller, state }: Pick<Cast, "controller" | "state">,
  count: number,
  seed: number,
) {
  const { frameSeconds } = scene;
  const episodes = await recordScene(world, scene, controller, state, count, seed);
  return episodes.map(({ reward, length, terminated, frames, position, angle, rotation }): Footage | SpaceFootage => {
    const shown = { frames, frameSeconds, position, caption: captionOf(reward, length, terminated) };
    const { view, entities } = scene;
    return view === undefined ? { ...shown, entities, angle, lidar: null } : { ...shown, entities, view, rotation };
  });
}

async function filmTensors(
  environment: Environment,
  { controller, state }: Pick<Cast, "controller" | "state">,
  count: number,
  seed: number,
) {
  const scene = environment.scene!;
  const program = compile((key: Tensor) => {
    const { first, seen, reward, length, terminated } = play(
      environment,
      controller,
      key,
      count,
      ({ state }) => shotOf(scene, state),
    );
    const start = shotOf(scene, first);
    // [frame, env, ..] to [env, frame, ..]: an episode is one piece.
    const shots = Object.entries(seen).map(([name, after]) => {
      const all = concat([start[name]!.named(...after.axes.slice(1)).unsqueeze(0), after], 0);
      return [name, all.transpose(0, 1)] as const;
    });
    return { shots: Object.fromEntries(shots) as Shot, reward, length, terminated };
    // What a world does past the end of an episode is recorded, and not looked at.
  }, { state: [...state, ...environment.learned ?? []], name: "film", checkNumerics: false });
  try {
    const { shots, reward, length, terminated } = await program(randomKey(2 ** 32 + seed));
    const numbers = Object.fromEntries(
      await Promise.all(
        Object.entries(shots).map(async ([name, x]) => [name, await x.data() as Float32Array] as const),
      ),
    );
    // Where an action is held for several steps, only every so many-th state is seen.
    const stride = environment.framesPerStep ?? 1;
    const [rewards, lengths, ends] = await Promise.all([reward, length, terminated].map((x) => x.data()));
    return Array.from({ length: count }, (_, i): Footage => {
      const steps = lengths![i]!;
      const frames = Math.ceil(steps / stride) + 1;
      const of = (name: string): Float32Array => {
        const all = numbers[name]!;
        const size = all.length / count;
        return all.subarray(i * size, i * size + size / (environment.maxSteps + 1) * frames);
      };
      return {
        entities: scene.entities,
        frames,
        frameSeconds: stride * (scene.frameSeconds ?? stepSeconds),
        position: of("position"),
        angle: of("angle"),
        lidar: scene.lidar ? { range: scene.lidar.range, rays: scene.lidar.rays, nearness: of("nearness") } : null,
        ...scene.links && { links: of("links") },
        ...scene.errors && { errors: { names: scene.errors.names, values: of("errors") } },
        caption: captionOf(rewards![i]!, steps, Boolean(ends![i])),
      };
    });
  } finally {
    program.dispose();
  }
}
