/**
 * How a fusion learns: flights are recorded with all that agents sensed in them, and what the fusion makes of it is computed afresh, with
 * a gradient through whole flights. Where agents were is known here, in the simulator, and nowhere else.
 */

import { compile, type Compiled } from "../../compile/compile.ts";
import { Adam } from "../../optim/optimizers.ts";
import { eye, ones, zeros } from "../../tensor/creation.ts";
import { stack } from "../../tensor/functions.ts";
import type { Generator } from "../../tensor/random.ts";
import { scan } from "../../tensor/scan.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { mapTree, type Tree } from "../../tensor/tree.ts";
import type { Stateful } from "../../tensor/variable.ts";
import type { Controller, RecurrentController } from "../../worlds/controllers.ts";
import { ownOf, type Sensed } from "../../worlds/swarm/fusion.ts";
import type { SpoofedSwarm, SwarmState } from "../../worlds/swarm/swarm.ts";
import { play } from "../evaluation.ts";
import type { LearnedFusion } from "./learned_fusion.ts";

/** Settings of {@linkcode FusionLearner}. */
export interface FusionOptions {
  /** Flights in a batch. */
  readonly flights: number;
  /** Steps through which gradients flow back, an update after each. */
  readonly trustHorizon: number;
  /** Passes over a batch. */
  readonly trustEpochs: number;
  /** The learning rate of Adam. */
  readonly trustLr: number;
  /** What a change of trust from step to step costs beside the error. */
  readonly trustSteadiness: number;
  /** Metres from which on an error grows no longer with its square but with itself; 0: it never does. */
  readonly errorCap: number;
}

/** A step of recorded flights, with a leading axis `time`. */
type Recorded = Omit<Sensed, "before" | "declared"> & {
  /** Where agents were: the label, float32 [env, agent, 2]. */
  position: Tensor;
};

/** Recorded flights. */
type Flights = {
  readonly [key: string]: Tree;
  readonly steps: Recorded;
  /** Where agents thought that they began, float32 [env, agent, 2]. */
  readonly start: Tensor;
  /** 1 where an agent lies, float32 [env, agent]: it declares full trust, and nothing is learned from it. */
  readonly liar: Tensor;
};

type Carry = {
  readonly [key: string]: Tree;
  readonly estimate: Tensor;
  readonly trust: Tensor;
  readonly memory: Tree;
  /** 1 in the first step: nothing is declared or steady yet. */
  readonly first: Tensor;
};

/** Largest norm of a gradient. */
const maxGradNorm = 1;

/** Learns a fusion by MSE(fused, real) + steadiness x MSE(trust, trust of the step before). */
export class FusionLearner {
  readonly optimizer: Adam;
  readonly programs: {
    readonly fly: Compiled<[], Flights>;
    readonly trust: Compiled<[Flights], Tensor>;
  };

  /** `world` is one whose fusion is `fusion`; `controller` flies, and `state` is what it reads that learns. */
  constructor(
    readonly world: SpoofedSwarm,
    readonly fusion: LearnedFusion,
    readonly options: FusionOptions,
    generator: Generator,
    controller: Controller | RecurrentController,
    state: readonly Stateful[] = [],
  ) {
    this.optimizer = new Adam(fusion.parameters(), { lr: options.trustLr, eps: 1e-5 });
    this.programs = {
      fly: compile(() => this.#fly(generator, controller), { state: [generator, fusion, ...state], name: "fly" }),
      trust: compile((flights: Flights) => this.#learn(flights), { state: [fusion, this.optimizer], name: "trust" }),
    };
  }

  /** Records flights and learns from them. Gives the loss, the error (root mean square, metres) and the norm of the gradient. */
  async learn(pause?: () => Promise<void>): Promise<Record<string, number>> {
    const flights = await this.programs.fly();
    let sums: Tensor | null = null;
    for (let epoch = 0; epoch < this.options.trustEpochs; epoch++) {
      await pause?.();
      sums = await this.programs.trust(flights);
    }
    const [loss, squares, norm] = [...await sums!.data()].map(Number) as [number, number, number];
    return { "train/trust_loss": loss, "train/position_error": Math.sqrt(squares), "train/trust_grad_norm": norm };
  }

  #fly(generator: Generator, controller: Controller | RecurrentController): Flights {
    const { first, seen } = play<SwarmState, Recorded>(
      this.world,
      controller,
      generator.next(),
      this.options.flights,
      ({ state: { position, sensed: { before: _, declared: __, ...sensed } } }) => ({ ...sensed, position }),
    );
    return { steps: seen, start: first.estimate, liar: first.attack.liar };
  }

  /** An update after every window of steps; what is known goes on from one to the next, and no gradient does. */
  #learn({ steps, start, liar }: Flights): Tensor {
    const { optimizer, fusion, options: { trustHorizon } } = this;
    const [envs, agents] = liar.shape as [number, number];
    const none = zeros([envs, agents, agents]);
    const begin: Carry = {
      ...{ estimate: start, trust: none, first: ones([]) },
      memory: fusion.initialMemory(envs, agents),
    };
    const { maxSteps } = this.world;
    const windows = Math.max(1, Math.floor(maxSteps / trustHorizon));
    const length = Math.floor(maxSteps / windows);
    const parts = mapTree(steps, (x) => x.slice(0, 0, windows * length).reshape(windows, length, ...x.shape.slice(1)));
    const [, sums] = scan(
      (now: Carry, part: Recorded) => {
        const [next, costs] = scan((now: Carry, x: Recorded) => this.#step(now, x, liar), now, part);
        const { error, change } = mapTree(costs, (x) => x.mean());
        const loss = error.add(change.mul(this.options.trustSteadiness));
        loss.backward();
        const norm = optimizer.clipGradNorm(maxGradNorm);
        optimizer.step();
        return [next, stack([loss, costs.squares.mean(), norm])];
      },
      begin,
      parts,
      { state: [fusion, optimizer] },
    );
    return sums.mean(0);
  }

  #step({ estimate, trust, memory, first }: Carry, { position, ...sensed }: Recorded, liar: Tensor) {
    const [envs, agents] = liar.shape as [number, number];
    const own = ownOf(trust.unsqueeze(-1), eye(agents)).squeeze(-1);
    const said = own.maximum(liar).maximum(first).unsqueeze(1).expand(envs, agents, agents);
    const fused = this.fusion.fuse({ ...sensed, before: estimate, declared: said }, memory);
    const honest = liar.mul(-1).add(1);
    const share = honest.mean().maximum(1e-6);
    const squares = fused.estimate.sub(position).square().sum(-1).mul(honest).div(share);
    const change = fused.trust.sub(trust).square().mean(-1).mul(honest).mul(first.mul(-1).add(1)).div(share);
    const next: Carry = { ...fused, first: first.mul(0) };
    return [next, { error: this.#capped(squares).mean(), squares: squares.mean(), change: change.mean() }] as const;
  }

  /** Half of the squares of two axes (their mean); from the cap on as the error itself (pseudo-Huber). */
  #capped(squares: Tensor): Tensor {
    const { errorCap } = this.options;
    if (errorCap === 0) return squares.div(2);
    return squares.div(errorCap ** 2).add(1).sqrt().sub(1).mul(errorCap ** 2);
  }
}
