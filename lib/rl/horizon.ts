/**
 * The gradient of a drive: the norm of that of its mean reward by the actions of each step, through the physics and through all that
 * the policy makes of them later. To the actions of a closed loop zeros are added, and the gradient is that by the zeros.
 */

import { HorizonReport, lossOfLast, rowNorms } from "../audit/horizon.ts";
import { compile, type Compiled } from "../compile/compile.ts";
import { signature, takeOnly } from "../graph/arguments.ts";
import { zeros } from "../tensor/creation.ts";
import { where } from "../tensor/functions.ts";
import { randomKey } from "../tensor/random.ts";
import { scan } from "../tensor/scan.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { gradients } from "../tensor/transforms.ts";
import { type Tree, zipTrees } from "../tensor/tree.ts";
import type { Stateful } from "../tensor/variable.ts";
import { type Controller, type RecurrentController, remembering } from "../worlds/controllers.ts";
import type { Environment } from "../worlds/environment.ts";
import * as kind from "../worlds/kinds.ts";
import { checkSeed } from "./host_episodes.ts";
import { segmented } from "./rollout.ts";

/** How far a {@linkcode HorizonProbe} drives. */
export interface HorizonProbeOptions {
  /** Steps through which the gradient flows back: 1 or more. */
  readonly steps: number;
  /** Environments side by side: the norm is over all of them. 8 unless told otherwise. */
  readonly envs?: number;
}

const takesProbe = signature("new HorizonProbe()", {
  environment: kind.world,
  controller: kind.controller,
  state: kind.listOf(kind.stateful, "a list of modules and other state"),
  options: kind.having("{ steps, envs }", { steps: kind.count(1) }, { steps: kind.count(1), envs: kind.count(1) }),
});

/**
 * Measures the gradient of a drive's mean reward, as often as it is asked to; its program is traced once. Where an episode ends, the next begins,
 * and no gradient goes from one to the other.
 *
 * @example
 * ```ts
 * import { controllerOf, HorizonProbe, Vehicle } from "@plumbline/plumbline";
 *
 * const world = new Vehicle({ model: "ks", maxSteps: 20 });
 * const probe = new HorizonProbe(world, controllerOf(world, "stanley"), [], { steps: 10 });
 * const report = await probe.run(0);
 * console.log(report.verdict, report.norms.length); // steady 10
 * probe.dispose();
 * ```
 */
export class HorizonProbe<S extends Tree = Tree> {
  readonly #whole: Compiled<[Tensor], Tensor>;
  /** Of what the last steps earn, which is asked for only where the gradient of all is suspicious. */
  readonly #last: Compiled<[Tensor], Tensor>;

  /**
   * `state`: what the controller reads that may change, as {@linkcode compile} wants it.
   *
   * @throws RangeError if actions are choices: they have no gradient.
   */
  constructor(
    environment: Environment<S>,
    controller: Controller | RecurrentController,
    state: readonly Stateful[],
    options: HorizonProbeOptions,
  ) {
    takesProbe(arguments);
    if (environment.actionKind !== "continuous") {
      throw new RangeError(
        `the actions of ${environment.name} are choices, which have no gradient: there is none over its horizon.`,
      );
    }
    const { steps, envs = 8 } = options;
    const nudges = zeros([steps, envs, environment.agents, environment.actionSize]);
    const program = (of: (rewards: Tensor) => Tensor) =>
      compile(
        (key: Tensor) => rowNorms(gradients(of(driveOf(environment, controller, key, nudges)), [nudges])[0]!),
        // What is not finite is what is looked for.
        { state, name: "horizon", checkNumerics: false },
      );
    [this.#whole, this.#last] = [program((rewards) => rewards.mean()), program(lossOfLast)];
  }

  /** The gradient of one drive, whose starts `seed`, an integer in [0, 2^32), draws. */
  async run(seed: number): Promise<HorizonReport> {
    checkSeed(seed);
    const report = new HorizonReport(await (await this.#whole(randomKey(seed))).data());
    if (report.verdict !== "explodes") return report;
    return new HorizonReport(report.norms, report.bound, await (await this.#last(randomKey(seed))).data());
  }

  /** Gives back its programs. */
  dispose(): void {
    this.#whole.dispose();
    this.#last.dispose();
  }
}

takeOnly(HorizonProbe, { run: { seed: kind.number } });

interface Carry<S extends Tree> {
  readonly [key: string]: Tree;
  readonly world: S;
  readonly memory: Tree;
}

/** The mean reward of each step of a drive, [time], to whose actions `nudges`, [time, env, agent, action], are added. */
function driveOf<S extends Tree>(
  environment: Environment<S>,
  controller: Controller | RecurrentController,
  key: Tensor,
  nudges: Tensor,
): Tensor {
  const envs = nudges.shape[1]!;
  const actor = remembering(controller);
  const start = environment.reset(key, envs);
  const first: Carry<S> = { world: start, memory: actor.initialMemory(envs) };
  const [, rewards] = scan(
    ({ world, memory }: Carry<S>, nudge: Tensor): [Carry<S>, Tensor] => {
      const [action, remembered] = actor.decide(environment.observe(world), memory, key);
      const next = environment.step(world, action.named(null, null, null).add(nudge));
      const done = next.terminated.or(next.truncated);
      return [{
        world: chosen(done, start, next.state),
        memory: chosen(done, first.memory, remembered),
      }, next.reward.mean()];
    },
    first,
    nudges,
    segmented(nudges.shape[0]!),
  );
  return rewards;
}

/** `fresh` where `done`, bool [env], and `now` elsewhere. */
function chosen<T extends Tree>(done: Tensor, fresh: T, now: T): T {
  return zipTrees(fresh, now, (a, b) => {
    const each = done.named(null).reshape(done.size, ...b.shape.slice(1).map(() => 1));
    const free = b.shape.map(() => null);
    return where(each, a.named(...free), b.named(...free)).named(...a.axes);
  });
}
