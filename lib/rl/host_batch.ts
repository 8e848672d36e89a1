/** A batch of a world on the host while it is collected: what each step leaves is copied to its place. */

import type { Drop } from "../forensics/reads/drops.ts";
import type { Shape } from "../graph/types.ts";
import { fromData, type Tensor } from "../tensor/tensor.ts";
import { leaves, rebuildTree, type Tree } from "../tensor/tree.ts";
import { fromWorld } from "../worlds/host/crossing.ts";
import type { Memory } from "../worlds/host/memory.ts";
import type { HostWorld } from "../worlds/host/world.ts";
import type { Act, PolicyOutput } from "./policy.ts";
import type { Rollout, SequenceRollout } from "./rollout.ts";
import { numbersOf } from "./saved.ts";

/** The sums of the running episodes of all environments, [env]. */
export interface RunningEpisodes {
  /** Of reward, mean over agents. */
  readonly reward: Float32Array;
  /** Of steps, those of the simulator. */
  readonly length: Float32Array;
}

/** How large a batch is. */
export interface BatchSize {
  readonly steps: number;
  readonly envs: number;
  /** Numbers of a choice. */
  readonly choiceSize: number;
  /** Steps of a sequence, where networks remember. */
  readonly sequenceLength: number | undefined;
}

/** The numbers of a batch; `time` is the leading axis of each, as in a {@linkcode Rollout}. */
export class HostBatch {
  readonly observation: Float32Array;
  readonly #nextObservation: Float32Array;
  readonly #choice: Float32Array;
  readonly #reward: Float32Array;
  readonly #terminated: Uint8Array;
  readonly #done: Uint8Array;
  readonly #began: Uint8Array;
  readonly #episodeReward: Float32Array;
  readonly #episodeLength: Float32Array;
  /** Sums over the frames. */
  readonly #metrics: Float64Array;
  /** What the policy said in a step, and for each tensor of it the numbers of all steps. */
  #said: { readonly form: PolicyOutput; readonly numbers: readonly Float32Array[] } | null = null;
  /** What was remembered before each sequence. */
  readonly #memories: Tree[] = [];

  /** An empty batch. */
  constructor(readonly world: HostWorld, readonly size: BatchSize) {
    const { agents, observationSize, metrics = {} } = world;
    const frames = size.steps * size.envs;
    this.observation = new Float32Array(frames * agents * observationSize);
    this.#nextObservation = new Float32Array(frames * agents * observationSize);
    this.#choice = new Float32Array(frames * agents * size.choiceSize);
    this.#reward = new Float32Array(frames * agents);
    this.#terminated = new Uint8Array(frames);
    this.#done = new Uint8Array(frames);
    this.#began = new Uint8Array(frames);
    this.#episodeReward = new Float32Array(frames);
    this.#episodeLength = new Float32Array(frames);
    this.#metrics = new Float64Array(Object.keys(metrics).length);
  }

  /** Before step `t`: what is acted on. Gives where episodes begin, bool [env]. */
  see(t: number, { observation }: Memory, running: RunningEpisodes, memory: Tree): Uint8Array {
    const { envs, sequenceLength } = this.size;
    this.observation.set(observation, t * observation.length);
    const began = this.#began.subarray(t * envs, (t + 1) * envs);
    for (let env = 0; env < envs; env++) began[env] = Number(running.length[env] === 0);
    if (sequenceLength !== undefined && t % sequenceLength === 0) this.#memories.push(memory);
    return began;
  }

  /** What the policy said and chose in step `t`. */
  async choose(t: number, { output, choice }: Pick<Act, "output" | "choice">): Promise<void> {
    const said = this.#said ??= {
      form: output,
      numbers: leaves(output).map((x) => new Float32Array(this.size.steps * x.size)),
    };
    for (const [i, x] of leaves(output).entries()) said.numbers[i]!.set(await numbersOf(x), t * x.size);
    this.#choice.set(await numbersOf(choice), t * choice.size);
  }

  /** What step `t` gave; `running` goes on. */
  record(t: number, given: Memory, running: RunningEpisodes): void {
    const { envs } = this.size;
    const { agents, framesPerStep = 1 } = this.world;
    const { nextObservation, reward, terminated, truncated, metrics } = given;
    this.#nextObservation.set(nextObservation, t * nextObservation.length);
    this.#reward.set(reward, t * reward.length);
    this.#terminated.set(terminated, t * envs);
    for (let env = 0; env < envs; env++) {
      let sum = 0;
      for (let i = env * agents; i < (env + 1) * agents; i++) sum += reward[i]!;
      running.reward[env]! += sum / agents;
      running.length[env]! += framesPerStep;
      if (terminated[env] === 0 && truncated[env] === 0) continue;
      const at = t * envs + env;
      this.#done[at] = 1;
      this.#episodeReward[at] = running.reward[env]!;
      this.#episodeLength[at] = running.length[env]!;
      running.reward[env] = running.length[env] = 0;
    }
    const count = this.#metrics.length;
    for (let i = 0; i < metrics.length; i++) this.#metrics[i % count]! += metrics[i]!;
  }

  /** What the world has measured, by name. */
  measured(): Readonly<Record<string, number>> {
    const frames = this.size.steps * this.size.envs;
    const entries = Object.entries(this.world.metrics ?? {}).map(([name, reduction], i) => {
      return [`world/${name}`, reduction === "sum" ? this.#metrics[i]! : this.#metrics[i]! / frames] as const;
    });
    return Object.fromEntries(entries);
  }

  /** What the policy said and chose in all steps, `[time, env, agent, ..]`. */
  said(): { readonly output: PolicyOutput; readonly choice: Tensor } {
    const { form, numbers } = this.#said!;
    const all = leaves(form).map((x, i) => fromData(numbers[i]!, "float32", [this.size.steps, ...x.shape]));
    return {
      output: rebuildTree(form, all.values()),
      choice: this.#tensor(this.#choice, [this.world.agents, this.size.choiceSize]),
    };
  }

  /** The batch as tensors. What comes from the world says what it has lost: `drop`. */
  async rollout(choice: Tensor, logProb: Tensor, drop: Drop | null): Promise<Rollout> {
    const { agents, observationSize } = this.world;
    const { sequenceLength } = this.size;
    const given = (x: Float32Array | Uint8Array, ...shape: Shape): Tensor => fromWorld(this.#tensor(x, shape), drop);
    const rollout: Rollout = {
      observation: given(this.observation, agents, observationSize),
      nextObservation: given(this.#nextObservation, agents, observationSize),
      choice,
      logProb,
      reward: given(this.#reward, agents),
      terminated: given(this.#terminated),
      done: given(this.#done),
      episodeReward: given(this.#episodeReward),
      episodeLength: given(this.#episodeLength),
    };
    if (sequenceLength === undefined) return rollout;
    const began = given(this.#began);
    return { ...rollout, began, memory: await this.#remembered() } satisfies SequenceRollout;
  }

  #tensor(numbers: Float32Array | Uint8Array, shape: Shape): Tensor {
    const { steps, envs } = this.size;
    return fromData(numbers, numbers instanceof Uint8Array ? "bool" : "float32", [steps, envs, ...shape]);
  }

  /** What was remembered, each tensor with a leading axis `sequence`. */
  async #remembered(): Promise<Tree> {
    const sequences = await Promise.all(this.#memories.map((tree) => Promise.all(leaves(tree).map(numbersOf))));
    const [first] = this.#memories;
    const stacked = leaves(first!).map((x, i) => {
      const all = new Float32Array(sequences.length * x.size);
      sequences.forEach((numbers, k) => all.set(numbers[i]!, k * x.size));
      return fromData(all, "float32", [sequences.length, ...x.shape]);
    });
    return rebuildTree(first!, stacked.values());
  }
}
