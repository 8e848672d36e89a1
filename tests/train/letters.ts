/**
 * The smallest system that is no reinforcement learning: frequencies of letters, learned from a text by gradient. Its headline
 * falls, its evaluation is no episode, its picture no scene, and it leaves several ONNX files.
 */

import {
  Adam,
  compile,
  type Compiled,
  exportOnnx,
  HostRandom,
  LayerNorm,
  oneHot,
  Parameter,
  type Tensor,
  tensor,
  zeros,
} from "../../mod.ts";
import { currentEngine } from "../../lib/engine/select.ts";
import { chooseDevice } from "../../lib/systems/device.ts";
import { flag, integer, type NumberOption, positive, type ValuesOf } from "../../lib/systems/option.ts";
import type { CommonConfig, Config } from "../../lib/systems/settings.ts";
import { look, type System } from "../../lib/systems/system.ts";
import type { Metrics, Trainer, TrainerFacts, TrainerState } from "../../lib/systems/trainer.ts";
import { fromData } from "../../lib/tensor/tensor.ts";

const text = "the quick brown fox jumps over the lazy dog and the dog does not mind at all ".repeat(4);
const letters = Int32Array.from(text, (x) => Math.max(0, x.charCodeAt(0) - 96));

const task = { contextLength: integer(1, 1000, 16, "letters in a sequence") as NumberOption<number> };
const settings = {
  nIters: integer(1, 1000, 5, "iterations") as NumberOption<number>,
  lr: positive(1, 0.1, "learning rate of Adam") as NumberOption<number>,
  lettersPerBatch: integer(1, 10_000, 64, "letters that an iteration reads") as NumberOption<number>,
};
type LettersConfig = CommonConfig & ValuesOf<typeof task & typeof settings>;

class LettersTrainer implements Trainer {
  readonly #logits = new Parameter(zeros([27]), "logits");
  readonly #optimizer: Adam;
  readonly #order: HostRandom;
  readonly #step: Compiled<[Tensor], Tensor>;
  iteration = 0;

  constructor(readonly config: LettersConfig, readonly facts: TrainerFacts) {
    this.#optimizer = new Adam([this.#logits], { lr: config.lr });
    this.#order = new HostRandom(config.seed);
    this.#step = compile((batch: Tensor) => {
      const loss = this.#bits(batch);
      loss.backward();
      this.#optimizer.step();
      return loss;
    }, { state: [this.#logits, this.#optimizer], name: "read" });
  }

  #bits(batch: Tensor): Tensor {
    return this.#logits.logSoftmax(0).mul(oneHot(batch, 27)).sum(-1).mean().div(-Math.LN2);
  }

  get framesPerIteration(): number {
    return this.config.lettersPerBatch;
  }

  get traceCount(): number {
    return this.#step.traces.length;
  }

  async iterate(): Promise<Metrics> {
    const at = this.#order.permutation(letters.length).slice(0, this.config.lettersPerBatch);
    const loss = await this.#step(tensor(Int32Array.from(at, (i) => letters[i]!)));
    this.iteration++;
    return { "train/bits_per_letter": Number(await loss.item()) };
  }

  async measure(): Promise<Metrics> {
    return { "eval/bits_per_letter": Number(await this.#bits(tensor(letters)).item()) };
  }

  async state(): Promise<TrainerState> {
    const variables = this.#optimizer.variables();
    const entries = await Promise.all(
      variables.map(async ({ name, dtype, shape }, i) =>
        [`${i}.${name}`, { dtype, shape, data: await variables[i]!.data() }] as const
      ),
    );
    const order = Uint32Array.from(this.#order.state());
    return {
      ...Object.fromEntries(entries),
      order: { dtype: "uint32", shape: [order.length], data: order },
      iteration: { dtype: "int32", shape: [1], data: Int32Array.of(this.iteration) },
    };
  }

  restore(state: TrainerState): Promise<void> {
    this.#optimizer.variables().forEach((variable, i) => {
      const { data, dtype, shape } = state[`${i}.${variable.name}`]!;
      variable.assign(fromData(data.slice(), dtype, shape));
    });
    this.#order.restore([...state.order!.data]);
    this.iteration = state.iteration!.data[0]!;
    return Promise.resolve();
  }

  async files(): Promise<Record<string, Uint8Array>> {
    const norm = new LayerNorm(27);
    return {
      "letters.onnx": await exportOnnx((x) => ({ bits: this.#logits.mul(x) }), { x: zeros([27]) }),
      "norm.onnx": await exportOnnx((x) => ({ y: norm.forward(x) }), { x: zeros([1, 27]) }),
    };
  }

  dispose(): void {
    this.#step.dispose();
  }
}

/** See the file's first line. */
export const letterSystem: System = {
  title: "letters of a text",
  scenarios: { letters: "how often each letter comes" },
  algorithms: { frequencies: { help: "softmax of one vector", settings } },
  task,
  presets: ["own"],
  preset: () => ({}),
  presetBelow: () => "own",
  check: () => {},
  checkTask: () => {},
  endsWith: () => null,
  headline: {
    metric: "train/bits_per_letter",
    evaluation: "eval/bits_per_letter",
    name: "bits a letter",
    title: "bits a letter",
    better: "lower",
  },
  unit: "letters",
  async create(config: Config) {
    await chooseDevice(config);
    const { name, adapter } = await currentEngine();
    return new LettersTrainer(config as unknown as LettersConfig, { engine: name, adapter, parameters: 27 });
  },
  describe: ({ scenarioName, lettersPerBatch }, { parameters }) => [
    `${scenarioName}: ${parameters} parameters, ${lettersPerBatch} letters an iteration`,
  ],
  evaluation: look({
    options: { json: flag("print everything as JSON") },
    notes: [],
    async run(subject) {
      const trainer = await subject.trainer();
      const json = await trainer.measure(0);
      trainer.dispose();
      return { json, lines: [`${json["eval/bits_per_letter"]!.toFixed(3)} bits a letter`] };
    },
  }),
  picture: look({
    options: {},
    notes: [],
    run: ({ name }) => Promise.resolve({ svg: { "-heat": `<svg><!-- ${name} --></svg>` }, lines: ["27 letters"] }),
  }),
  exports: look({
    options: {},
    notes: [],
    async run(subject) {
      const trainer = await subject.trainer();
      const tensors = await trainer.state();
      trainer.dispose();
      return { file: "letters.safetensors", content: { tensors, metadata: {} }, lines: [] };
    },
  }),
};
