/**
 * Trains a language model: batches are drawn on the host, each step is one program. A run has stages: even weights first, then stage 1, in
 * which critic or reference learn, then weights. The model sees the same batches in the same order whatever weighs its heads.
 */

import { compile, type Compiled } from "../compile/compile.ts";
import { exportOnnx } from "../compile/export.ts";
import { wholeLater } from "../graph/interrupt.ts";
import type { SavedTensor } from "../graph/types.ts";
import type { Module } from "../nn/module.ts";
import { rateLeft } from "../optim/schedule.ts";
import { type EngineFacts, engineFacts, type OnPolicyFacts } from "../rl/policy_trainer.ts";
import { assignVariables, checkSaved, namedVariables, readVariables, savedTensor } from "../rl/saved.ts";
import { Turns } from "../rl/turns.ts";
import { fromBuffer, zeros } from "../tensor/creation.ts";
import { HostRandom } from "../tensor/host_random.ts";
import { evaluate } from "../tensor/settle.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Stateful, Variable } from "../tensor/variable.ts";
import type { Corpus, Part, TextBatch } from "./corpora/corpus.ts";
import { type Given, LanguageLearner } from "./learner.ts";
import type { LanguageModel } from "./language_model.ts";
import { judge, type Looked, type Reading } from "./reading.ts";
import type { LanguageTrainerOptions } from "./options.ts";

/** What a trainer of language models says about itself. */
export type LanguageFacts = Omit<OnPolicyFacts, "envs" | "steps">;

type Step = Compiled<[Given], Tensor>;

/** The share of the learning rate that is left at the end. */
const lastShare = 0.03;
/** Batches that an evaluation reads. */
const measuredBatches = 8;

/** See the file's first lines. */
export class LanguageTrainer {
  readonly #learner: LanguageLearner;
  readonly #engine: EngineFacts;
  readonly #turns = new Turns();
  /** Of the model's batches, and of those of stage 1. */
  readonly #orders: readonly [HostRandom, HostRandom];
  readonly #programs: { readonly even: Step; readonly prepare: Step; readonly weighed: Step };
  readonly #look: Compiled<[Given], { losses: Tensor; choices: Tensor; weights: Tensor; deltas: Tensor }>;
  #iteration = 0;

  /** On the engine of the process. Throws a RangeError for sizes that a model cannot have. */
  static async create(corpus: Corpus, options: LanguageTrainerOptions): Promise<LanguageTrainer> {
    return new LanguageTrainer(corpus, options, await engineFacts());
  }

  private constructor(readonly corpus: Corpus, readonly options: LanguageTrainerOptions, engine: EngineFacts) {
    const random = new HostRandom(options.seed);
    this.#engine = engine;
    this.#orders = [random.split(), random.split()];
    const learner = this.#learner = new LanguageLearner(options, corpus.terminal, random);
    const { model, optimizer, other, otherOptimizer } = learner;
    const state = [model, optimizer, ...other ? [other] : [], ...otherOptimizer ? [otherOptimizer] : []];
    this.#programs = {
      even: compile((given: Given) => learner.even(given), { state: [model, optimizer], name: "even" }),
      prepare: compile((given: Given) => learner.prepare(given), { state, name: "prepare" }),
      weighed: compile((given: Given) => learner.weighed(given), { state, name: "weighed" }),
    };
    this.#look = compile((given: Given) => learner.look(given), {
      state: [model, ...other ? [other] : []],
      name: "look",
      checkNumerics: false,
    });
  }

  /** The model. */
  get model(): LanguageModel {
    return this.#learner.model;
  }

  /** What learns. */
  get learning(): readonly Module[] {
    const { model, other } = this.#learner;
    return [model, ...other ? [other] : []];
  }

  /** Iterations done. */
  get iteration(): number {
    return this.#iteration;
  }

  /** Bytes that one iteration learns from. */
  get framesPerIteration(): number {
    const { batchesPerIteration, batchSize } = this.options;
    return batchesPerIteration * batchSize * this.corpus.contextLength;
  }

  /** Programs traced so far. */
  get traceCount(): number {
    return [...Object.values(this.#programs), this.#look].reduce((n, program) => n + program.traces.length, 0);
  }

  /** What it is and what runs it. */
  get facts(): LanguageFacts {
    const parameters = this.learning.flatMap((x) => x.parameters()).reduce((n, x) => n + x.size, 0);
    return { ...this.#engine, parameters };
  }

  /** Which stage an iteration belongs to. */
  stageOf(iteration: number): "even" | "prepare" | "weighed" {
    const { pretrainIters, stage1Iters } = this.options;
    if (!this.#learner.other || iteration < pretrainIters) return "even";
    return iteration < pretrainIters + stage1Iters ? "prepare" : "weighed";
  }

  /** Learns from the batches of an iteration. `pause` is awaited between them. */
  iterate(pause?: () => Promise<void>): Promise<Record<string, number>> {
    return this.#turns.take(wholeLater(async () => {
      const metrics = await this.#once(pause);
      this.#iteration++;
      return metrics;
    }));
  }

  async #once(pause: (() => Promise<void>) | undefined): Promise<Record<string, number>> {
    const { batchesPerIteration, batchSize, predictions } = this.options;
    const stage = this.stageOf(this.#iteration);
    const order = this.#orders[stage === "prepare" ? 1 : 0]!;
    const sums = new Float64Array(predictions + 1);
    for (let i = 0; i < batchesPerIteration; i++) {
      await pause?.();
      if (stage !== "prepare") this.#learner.optimizer.setLearningRate(this.#rate(i));
      const given = asTensors(this.corpus.draw(order, batchSize, "train"), this.corpus.contextLength);
      const measured = await (await this.#programs[stage](given)).data();
      measured.forEach((x, k) => sums[k]! += Number(x) / batchesPerIteration);
    }
    if (stage === "prepare") return { "train/bits_per_byte": NaN, "train/stage1_loss": sums[0]! };
    const heads = Array.from({ length: predictions }, (_, k) => [`train/bits_of_head_${k + 1}`, sums[k]! / Math.LN2]);
    return {
      "train/bits_per_byte": sums[0]! / Math.LN2,
      ...predictions > 1 ? Object.fromEntries(heads) : {},
      "train/grad_norm": sums[predictions]!,
      "train/learning_rate": this.#rate(batchesPerIteration - 1),
    };
  }

  /** The learning rate of batch `i` of this iteration: over the steps of the model alone. */
  #rate(i: number): number {
    const { lr, warmup, nIters, batchesPerIteration, pretrainIters } = this.options;
    const stage1Iters = this.#learner.other ? this.options.stage1Iters : 0;
    const isLater = this.#iteration >= pretrainIters;
    const iteration = this.#iteration - (isLater ? Math.min(stage1Iters, this.#iteration - pretrainIters) : 0);
    const done = iteration * batchesPerIteration + i;
    const total = Math.max(1, nIters - stage1Iters) * batchesPerIteration;
    const rise = Math.min(1, (done + 1) / Math.max(1, warmup * total));
    return lr * rise * (lastShare + (1 - lastShare) * rateLeft("cosine", done, total));
  }

  /** What the model makes of rows that are drawn from `seed`. */
  read(seed: number, part: Part = "validation", batches: number = measuredBatches): Promise<Reading> {
    return this.#turns.take(async () => {
      const random = new HostRandom(seed);
      const looked: Looked[] = [];
      for (let i = 0; i < batches; i++) {
        looked.push(await this.#lookAt(this.corpus.draw(random, this.options.batchSize, part)));
      }
      const isWeighed = this.stageOf(this.#iteration) === "weighed";
      return judge(this.corpus, looked, this.options.predictions, isWeighed);
    });
  }

  async #lookAt(batch: TextBatch): Promise<Looked> {
    const { losses, choices, weights, deltas } = await this.#look(asTensors(batch, this.corpus.contextLength));
    return {
      batch,
      losses: await losses.data(),
      choices: await choices.data(),
      weights: await weights.data(),
      deltas: await deltas.data(),
    };
  }

  /** What the model makes of rows of one's own: for pictures. */
  lookAt(batch: TextBatch): Promise<Looked> {
    return this.#turns.take(() => this.#lookAt(batch));
  }

  /** Bits a byte of validation, and what else is judged there, as metrics `eval/...`. */
  async measure(seed: number): Promise<Record<string, number>> {
    const { metrics } = await this.read(seed);
    return Object.fromEntries(Object.entries(metrics).map(([name, x]) => [`eval/${name}`, x]));
  }

  /** Everything that is needed to continue bit for bit, by name. */
  state(): Promise<Record<string, SavedTensor>> {
    return this.#turns.take(async () => {
      const order = Uint32Array.from(this.#orders.flatMap((x) => x.state()));
      return {
        ...await readVariables(this.#named()),
        order: { dtype: "uint32", shape: [order.length], data: order },
        text: { dtype: "int32", shape: [1], data: Int32Array.of(this.corpus.fingerprint) },
        iteration: { dtype: "int32", shape: [1], data: Int32Array.of(this.#iteration) },
      };
    });
  }

  /**
   * Continues from a {@linkcode state} of the same configuration.
   *
   * @throws RangeError if it is that of another, or the text is not the one that was learned from. Then nothing has changed.
   */
  restore(state: Readonly<Record<string, SavedTensor>>): Promise<void> {
    return this.#turns.take(async () => {
      checkSaved(state, await this.state());
      if (savedTensor(state, "text").data[0] !== this.corpus.fingerprint) {
        throw new RangeError("The text is not the one that the run began with: put that back.");
      }
      assignVariables(this.#named(), state);
      const order = [...savedTensor(state, "order").data];
      this.#orders.forEach((x, i) => x.restore(order.slice(4 * i, 4 * i + 4)));
      this.#iteration = Number(savedTensor(state, "iteration").data[0]);
    });
  }

  /** Runs a step that failed again, from what it was given. Throws what the step throws. */
  replay(program: string, saved: Readonly<Record<string, SavedTensor>>): Promise<void> {
    return this.#turns.take(async () => {
      const programs: Readonly<Record<string, Step>> = this.#programs;
      if (!Object.hasOwn(programs, program)) {
        throw new RangeError(`There is no program \`${program}\`; there are ${Object.keys(programs).join(", ")}.`);
      }
      await programs[program]!.replay(saved);
      await evaluate([]);
    });
  }

  /** The model as an ONNX file: `tokens` int32 [1, time] to `logits` [1, time, 256] of the next ones. */
  modelOnnx(): Promise<Uint8Array> {
    const { model, corpus: { contextLength } } = this;
    return this.#turns.take(() =>
      exportOnnx((tokens) => ({ logits: model.forward(tokens!) }), {
        tokens: zeros([1, contextLength], { dtype: "int32" }),
      })
    );
  }

  /** What a run leaves when it ends. */
  async files(): Promise<Record<string, Uint8Array>> {
    return { "model.onnx": await this.modelOnnx() };
  }

  /** The weights of the model by PyTorch's names. */
  weights(): Promise<Readonly<Record<string, SavedTensor>>> {
    const named = Object.entries(this.model.stateDict()) as [string, Variable][];
    return this.#turns.take(() => readVariables(named));
  }

  /** Gives back its programs. */
  dispose(): void {
    for (const program of [...Object.values(this.#programs), this.#look]) program.dispose();
  }

  #named(): [string, Variable][] {
    const { model, optimizer, other, otherOptimizer } = this.#learner;
    const kept: Readonly<Record<string, Stateful>> = {
      ...{ model, optimizer },
      ...other && { other },
      ...otherOptimizer && { otherOptimizer },
    };
    return namedVariables(kept);
  }
}

/** A batch as the tensors of a step. */
function asTensors({ tokens, lengths, reward, oracle }: TextBatch, time: number): Given {
  const rows = lengths.length;
  return {
    tokens: fromBuffer(tokens, { shape: [rows, time] }),
    lengths: fromBuffer(lengths),
    reward: fromBuffer(reward),
    oracle: fromBuffer(oracle, { shape: [rows, time] }),
  };
}
