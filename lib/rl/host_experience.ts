/**
 * Batches of a world on the host. Step by step the policy, which is one compiled program, says what to do, and the
 * simulations do it.
 */

import { compile, type Compiled } from "../compile/compile.ts";
import { callerSite, type Site, withSite } from "../graph/site.ts";
import type { DType, SavedTensor, Shape, TypedArray } from "../graph/types.ts";
import { evaluate } from "../tensor/settle.ts";
import { fromData, type Tensor } from "../tensor/tensor.ts";
import { leaves, namedLeaves, rebuildTree, type Tree } from "../tensor/tree.ts";
import { dropInto } from "../worlds/host/crossing.ts";
import { Pool } from "../worlds/host/pool.ts";
import type { HostWorld } from "../worlds/host/world.ts";
import { type Episodes, Evaluator } from "./evaluation.ts";
import type { Experience, ExperienceOptions } from "./experience.ts";
import { HostBatch, type RunningEpisodes } from "./host_batch.ts";
import type { Act, PolicyOutput } from "./policy.ts";
import type { Rollout } from "./rollout.ts";
import { numbersOf, type SavedState, savedTensor } from "./saved.ts";

/** What a policy that remembers is given beside what it sees; `{}` for all others. */
type Recall = Readonly<Record<string, Tree>> & { readonly began?: Tensor; readonly memory?: Tree };

/** What a policy is given in a step. */
type Given = readonly [observation: Tensor, noise: Tensor, recall: Recall];

/** What a policy did in a step, as a tree. */
type Acted = Act & Readonly<Record<string, Tree>>;

/** What a policy said and chose, in all steps. */
type Said = Readonly<Record<string, Tree>> & { readonly output: PolicyOutput; readonly choice: Tensor };

/** Experience of a policy in a {@linkcode HostWorld}. */
export class HostExperience implements Experience {
  readonly programs: {
    /** The random numbers of all steps. */
    readonly noise: Compiled<[], Tensor>;
    /** One step. */
    readonly act: Compiled<Given, Acted>;
    /** The same, to find where a NaN comes from. */
    readonly judge: Compiled<Given, Acted>;
    /** The log-probabilities of all that was chosen. */
    readonly logProb: Compiled<[Said], Tensor>;
  };
  measured: Readonly<Record<string, number>> = {};
  readonly #options: ExperienceOptions;
  readonly #evaluator: Evaluator;
  #pool: Pool | null = null;
  readonly #running: RunningEpisodes;
  /** What the policy remembers of the running episodes. */
  #memory: Tree;

  constructor(readonly world: HostWorld, options: ExperienceOptions) {
    this.#options = options;
    const { policy, generator, steps, envs } = options;
    this.#running = { reward: new Float32Array(envs), length: new Float32Array(envs) };
    this.#memory = policy.initialMemory(envs);
    this.#evaluator = new Evaluator(world, policy, [policy]);
    // A replayed step has no third argument where that holds nothing.
    const act = (observation: Tensor, noise: Tensor, { began, memory = {} }: Recall = {}): Acted => ({
      ...policy.act(observation, memory, noise, began),
    });
    const state = [policy];
    this.programs = {
      noise: compile(() => policy.noise(generator.next(), [steps, envs, world.agents]), {
        state: [generator],
        name: "noise",
      }),
      act: compile<Given, Acted>(act, { state, name: "act" }),
      judge: compile<Given, Acted>(act, { state, name: "judge", checkNumerics: true }),
      logProb: compile(({ output, choice }: Said) => policy.logProb(output, choice), {
        state,
        name: "logProb",
        checkNumerics: true,
      }),
    };
  }

  async ready(): Promise<void> {
    this.#pool ??= await Pool.start(this.world, this.#options.envs, this.#options.key);
    // Computed, as all that comes after it.
    await evaluate(leaves(this.#memory).map((x) => x.node));
  }

  async collect(pause?: () => Promise<void>): Promise<Rollout> {
    const { world, programs } = this;
    const { policy: { choiceSize }, envs, steps, sequenceLength } = this.#options;
    const site = callerSite();
    const pool = this.#pool!;
    const batch = new HostBatch(world, { steps, envs, choiceSize, sequenceLength });
    const noise = await programs.noise();
    const luck = await numbersOf(noise);
    let last: Acted | null = null;
    for (let t = 0; t < steps; t++) {
      const began = batch.see(t, pool.memory, this.#running, this.#memory);
      const given: Given = [
        rowOf(batch.observation, t, steps, [envs, world.agents, world.observationSize], site),
        rowOf(luck, t, steps, noise.shape.slice(1), site),
        this.#recall(began, site),
      ];
      last = await programs.act(...given);
      this.#memory = last.memory;
      await this.#act(given, last);
      await batch.choose(t, last);
      await pool.step();
      batch.record(t, pool.memory, this.#running);
      await pause?.();
    }
    this.measured = batch.measured();
    const said = batch.said();
    const logProb = await programs.logProb(said);
    return await batch.rollout(said.choice, logProb, withSite(site, () => dropInto(world, [last!.action.node])));
  }

  evaluate(count: number, seed: number): Promise<Episodes> {
    return this.#evaluator.run(count, seed);
  }

  async state(): Promise<SavedState> {
    const pool = this.#pool!;
    const { envs, world: { agents, observationSize } } = pool;
    const { simulations, observation } = await pool.save();
    const saved = (dtype: DType, shape: Shape, data: TypedArray): SavedTensor => ({ dtype, shape, data });
    const memory = namedLeaves(this.#memory, "collector.memory").map(async ([name, x]) => {
      return [name, saved(x.dtype, x.shape, (await numbersOf(x)).slice() as TypedArray)] as const;
    });
    return {
      "collector.simulations": saved("uint32", [envs, pool.stateWords], simulations),
      "collector.observation": saved("float32", [envs, agents, observationSize], observation),
      "collector.episode.reward": saved("float32", [envs], this.#running.reward.slice()),
      "collector.episode.length": saved("float32", [envs], this.#running.length.slice()),
      ...Object.fromEntries(await Promise.all(memory)),
    };
  }

  async restore(state: SavedState): Promise<void> {
    const of = (name: string): TypedArray => savedTensor(state, `collector.${name}`).data;
    await this.#pool!.restore({
      simulations: of("simulations") as Uint32Array,
      observation: of("observation") as Float32Array,
    });
    this.#running.reward.set(of("episode.reward"));
    this.#running.length.set(of("episode.length"));
    const memory = namedLeaves(this.#memory, "collector.memory").map(([name]) => {
      const { data, dtype, shape } = savedTensor(state, name);
      return fromData(data.slice() as TypedArray, dtype, shape);
    });
    this.#memory = rebuildTree(this.#memory, memory.values());
  }

  dispose(): void {
    for (const program of Object.values(this.programs)) program.dispose();
    this.#evaluator.dispose();
    this.#pool?.dispose();
  }

  #recall(began: Uint8Array, site: Site): Recall {
    if (!this.#options.policy.recurrent) return {};
    return { began: withSite(site, () => fromData(began, "bool", [began.length])), memory: this.#memory };
  }

  /** Puts the actions where simulations find them. Throws, if something is NaN where that comes from. */
  async #act(given: Given, { output, action }: Acted): Promise<void> {
    const said = await Promise.all([...leaves(output), action].map(numbersOf));
    if (said.some(hasNaN)) {
      await this.programs.judge(...given);
      // On a GPU a step is judged when somebody looks.
      await evaluate([]);
    }
    this.#pool!.act(said.at(-1)!);
  }
}

function hasNaN(numbers: TypedArray): boolean {
  for (let i = 0; i < numbers.length; i++) if (numbers[i] !== numbers[i]) return true;
  return false;
}

/** Step `t` of `steps`, which lie one after the other: a view. */
function rowOf(numbers: TypedArray, t: number, steps: number, shape: Shape, site: Site): Tensor {
  const size = numbers.length / steps;
  return withSite(site, () => fromData(numbers.subarray(t * size, (t + 1) * size), "float32", shape));
}
