/**
 * What all trainers of a policy have in common, whatever they learn from: iterations that are counted, the learning rate of each, state
 * that is kept and put back, evaluation, and what a run leaves. An algorithm adds what happens in an iteration.
 */

import { takeOnly } from "../graph/arguments.ts";
import { currentEngine, deviceNotice } from "../engine/select.ts";
import { wholeLater } from "../graph/interrupt.ts";
import { callerSite, type Site } from "../graph/site.ts";
import type { SavedTensor } from "../graph/types.ts";
import type { Module } from "../nn/module.ts";
import { rateLeft, type Schedule } from "../optim/schedule.ts";
import { evaluate } from "../tensor/settle.ts";
import type { Stateful, Variable } from "../tensor/variable.ts";
import type { Environment } from "../worlds/environment.ts";
import type { HostWorld } from "../worlds/host/world.ts";
import * as kind from "../worlds/kinds.ts";
import { episodeMetrics, type Episodes } from "./evaluation.ts";
import type { AnyProgram } from "./experience.ts";
import type { Policy } from "./policy.ts";
import { policyOnnx } from "./policy_onnx.ts";
import { assignVariables, checkSaved, namedVariables, readVariables, savedTensor } from "./saved.ts";
import { Turns } from "./turns.ts";

/** What a trainer says about itself. */
export interface OnPolicyFacts {
  /** "cpu" (ONNX Runtime) or "webgpu" (Dawn). */
  readonly engine: string;
  /** The device as a person knows it. */
  readonly adapter: string;
  /** Why there is no GPU. */
  readonly note?: string;
  /** Environments side by side. */
  readonly envs: number;
  /** Steps of each in an iteration. */
  readonly steps: number;
  /** Numbers that are learned. */
  readonly parameters: number;
}

/** The engine, as {@linkcode OnPolicyFacts} know it. */
export type EngineFacts = Pick<OnPolicyFacts, "engine" | "adapter" | "note">;

/** The engine of the process. */
export async function engineFacts(): Promise<EngineFacts> {
  const { name, adapter } = await currentEngine();
  const note = deviceNotice();
  return { engine: name, adapter, ...note !== null && { note } };
}

/** How fast is learned, and for how long. */
export interface PaceOptions {
  /** The learning rate of Adam, at least 0. */
  readonly lr: number;
  /** Constant unless told otherwise. Otherwise the rate falls to 0 over `nIters` iterations. */
  readonly lrSchedule?: Schedule;
  /** The iterations of the whole run: for schedules. */
  readonly nIters?: number;
}

/** The share of a number that a schedule has left in an iteration of a run. */
export function scheduled(
  start: number,
  schedule: Schedule = "constant",
  iteration: number,
  nIters = Infinity,
): number {
  return start * rateLeft(schedule, iteration, nIters);
}

/** Episodes that {@linkcode PolicyTrainer.measure} plays. */
const measuredEpisodes = 100;

/**
 * Trains a policy in a world `W`: an {@linkcode Environment}, or a {@linkcode HostWorld}. {@linkcode PPOTrainer} is one. What is asked of
 * it while something else is under way waits for that.
 */
export abstract class PolicyTrainer<
  W extends Environment | HostWorld = Environment,
  O extends PaceOptions = PaceOptions,
> {
  readonly #engine: EngineFacts;
  readonly #turns = new Turns();
  #iteration = 0;

  /** For algorithms: they say what happens in an iteration. */
  protected constructor(readonly environment: W, readonly options: O, engine: EngineFacts) {
    this.#engine = engine;
  }

  /** Environments side by side, steps of each in an iteration, and numbers that are learned. */
  protected abstract get sizes(): Pick<OnPolicyFacts, "envs" | "steps" | "parameters">;
  /** What learns, by name. */
  protected abstract get networks(): { readonly policy: Policy } & Readonly<Record<string, Module>>;
  /** What is compiled, by name. */
  protected abstract get programs(): Readonly<Record<string, AnyProgram>>;
  /** What changes from iteration to iteration, by name. */
  protected abstract get kept(): Readonly<Record<string, Stateful>>;
  /** Frames that one iteration learns from, those of the simulator. */
  abstract get framesPerIteration(): number;
  /** What happens in an iteration that was asked for at `site`; gives what was measured. */
  protected abstract once(pause: (() => Promise<void>) | undefined, site: Site): Promise<Record<string, number>>;
  /** Puts back what is no variable; it is asked before those are put back. */
  protected restoreOthers(_: Readonly<Record<string, SavedTensor>>): Promise<void> {
    return Promise.resolve();
  }
  /** Plays `count` whole episodes with the deterministic policy, drawn from `seed`. It changes nothing of what is learned. */
  abstract evaluate(count: number, seed: number): Promise<Episodes>;
  /** The gradients of the last update of the last iteration, before they were clipped, by parameter; none before the first. */
  abstract gradients(): Promise<Record<string, SavedTensor>>;

  /** The policy. */
  get policy(): Policy {
    return this.networks.policy;
  }

  /** What learns. */
  get learning(): readonly Module[] {
    return Object.values(this.networks);
  }

  /** Iterations done. */
  get iteration(): number {
    return this.#iteration;
  }

  /** The learning rate of the iteration that comes next, or is under way. */
  get learningRate(): number {
    const { lr, lrSchedule, nIters } = this.options;
    return scheduled(lr, lrSchedule, this.#iteration, nIters);
  }

  /** Programs traced so far. */
  get traceCount(): number {
    return Object.values(this.programs).reduce((n, program) => n + program.traces.length, 0);
  }

  /** What it is and what runs it. */
  get facts(): OnPolicyFacts {
    return { ...this.#engine, ...this.sizes };
  }

  /**
   * Collects and learns once. `pause` is awaited between computations, for whoever wants to be heard meanwhile. It must not await other
   * calls of the trainer, which would find the iteration halfway.
   */
  iterate(pause?: () => Promise<void>): Promise<Record<string, number>> {
    // Before its turn comes: then the line that asks for it is on the stack.
    const site = callerSite();
    return this.turn(wholeLater(async () => {
      const metrics = await this.once(pause, site);
      this.#iteration++;
      return metrics;
    }));
  }

  /** Means over 100 whole episodes of the deterministic policy, drawn from `seed`, as metrics `eval/...`. */
  async measure(seed: number): Promise<Record<string, number>> {
    return episodeMetrics(await this.evaluate(measuredEpisodes, seed));
  }

  /** Everything that is needed to continue bit for bit, by name. */
  state(): Promise<Record<string, SavedTensor>> {
    return this.turn(async () => {
      const iteration: SavedTensor = { dtype: "int32", shape: [1], data: Int32Array.of(this.#iteration) };
      return { ...await readVariables(this.#named()), iteration };
    });
  }

  /**
   * Continues from a {@linkcode state} of the same configuration.
   *
   * @throws RangeError if it is that of another; SimulationError if a simulation cannot go on from it. Then nothing has changed.
   */
  restore(state: Readonly<Record<string, SavedTensor>>): Promise<void> {
    return this.turn(async () => {
      checkSaved(state, await this.state());
      // What simulations make of numbers only they know: they are asked before anything else is changed.
      await this.restoreOthers(state);
      assignVariables(this.#named(), state);
      this.#iteration = Number(savedTensor(state, "iteration").data[0]);
    });
  }

  /** Runs a step that failed again, from what it was given: `program` is the name of one that is compiled. Throws what the step throws. */
  replay(program: string, saved: Readonly<Record<string, SavedTensor>>): Promise<void> {
    return this.turn(async () => {
      const { programs } = this;
      if (!Object.hasOwn(programs, program)) {
        throw new RangeError(`There is no program \`${program}\`; there are ${Object.keys(programs).join(", ")}.`);
      }
      await programs[program]!.replay(saved);
      // On a GPU a step is judged when somebody looks.
      await evaluate([]);
    });
  }

  /** The deterministic policy as an ONNX file, see {@linkcode policyOnnx}. */
  policyOnnx(): Promise<Uint8Array> {
    return this.turn(() => policyOnnx(this.policy));
  }

  /** What a run leaves when it ends. */
  async files(): Promise<Record<string, Uint8Array>> {
    return { "policy.onnx": await this.policyOnnx() };
  }

  /** All that is learned and what scales it, by name: `policy.net.layers.0.weight`. */
  weights(): Promise<Readonly<Record<string, SavedTensor>>> {
    const owners = Object.entries(this.networks);
    const named = owners.flatMap(([owner, module]) => module.namedVariables(`${owner}.`));
    return this.turn(() => readVariables(named));
  }

  /** Gives back its programs. */
  dispose(): void {
    for (const program of Object.values(this.programs)) program.dispose();
  }

  /** Does what was asked for when all that was asked for before is over; what it asks for itself is a part of it. */
  protected turn<T>(deed: () => Promise<T>): Promise<T> {
    return this.#turns.take(deed);
  }

  #named(): [string, Variable][] {
    return namedVariables(this.kept);
  }
}

const saved = kind.having("saved tensors by name", {});
takeOnly(PolicyTrainer, {
  iterate: { pause: kind.optional(kind.callable) },
  measure: { seed: kind.number },
  restore: { state: saved },
  replay: { program: kind.text, saved },
}, ["restoreOthers", "turn"]);
