/**
 * What learns from text: the model, and beside it a critic or a reference that weighs its heads. Functions of tensors, for the programs
 * that {@linkcode LanguageTrainer} compiles: a step with even weights, a step of stage 1, a step with weights, and a look.
 */

import { crossEntropy } from "../nn/losses.ts";
import { MLP } from "../nn/layers.ts";
import type { Module } from "../nn/module.ts";
import { AdamW } from "../optim/optimizers.ts";
import { arange, tensor } from "../tensor/creation.ts";
import { stack, stopGradient, where } from "../tensor/functions.ts";
import { scan } from "../tensor/scan.ts";
import type { HostRandom } from "../tensor/host_random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { valueDeltas, valueTargets } from "./critic.ts";
import { headTargets, headWeights, lookAhead, multiTokenLoss, weighedSum } from "./heads.ts";
import { keepTop } from "./keep_top.ts";
import { LanguageModel } from "./language_model.ts";
import type { LanguageTrainerOptions } from "./options.ts";

/** A batch as tensors: `[row, time]`, `[row]`, `[row]` and `[row, time]`. */
export interface Given {
  readonly [key: string]: Tensor;
  readonly tokens: Tensor;
  readonly lengths: Tensor;
  readonly reward: Tensor;
  readonly oracle: Tensor;
}

/** What the model says of a batch. */
interface Said {
  /** What the next token is said by, `[row, time, dModel]`: the end of the model, which knows most. */
  readonly state: Tensor;
  /** bool `[row, time]`: the tokens. */
  readonly counts: Tensor;
  /** bool `[row, time, head]`. */
  readonly valid: Tensor;
  /** Cross entropies `[row, time, head]`, 0 where there is no label. */
  readonly losses: Tensor;
  /** int32 `[row, time, head]`: the likeliest token of each head. */
  readonly choices: Tensor | null;
}

/** How much a whole batch has of what losses are means of, float32: gradients of its parts are added. */
interface Counts {
  /** Tokens. */
  readonly tokens: Tensor;
  /** Tokens that have one after them. */
  readonly positions: Tensor;
  /** Labels of each head, `[head]`. */
  readonly labels: Tensor;
}

/** See the file's first lines. */
export class LanguageLearner {
  readonly model: LanguageModel;
  readonly optimizer: AdamW;
  /** A critic of values, or a reference of one head; null where heads are weighed evenly. */
  readonly critic: MLP | null;
  readonly reference: LanguageModel | null;
  readonly otherOptimizer: AdamW | null;

  /** Draws the model first: it is the same whatever weighs its heads. `terminal`: see {@linkcode Corpus}. */
  constructor(readonly options: LanguageTrainerOptions, readonly terminal: boolean, random: HostRandom) {
    const { algorithm, dModel, numLayers, numHeads, predictions, lr, weightDecay, stage1Lr } = options;
    const size = { dModel, numLayers, numHeads };
    const betas = [0.9, 0.95] as const;
    this.model = new LanguageModel(random.split(), { ...size, predictions });
    this.optimizer = new AdamW(this.model.parameters(), { lr, betas, weightDecay });
    const isRho = algorithm.startsWith("rho1");
    this.critic = algorithm === "critic-wmtp"
      ? new MLP([dModel, dModel / 2, 1], random.split(), { activation: "relu" })
      : null;
    this.reference = isRho ? new LanguageModel(random.split(), { ...size, predictions: 1 }) : null;
    const other = this.other;
    this.otherOptimizer = other && new AdamW(other.parameters(), { lr: stage1Lr, betas, weightDecay: 0.01 });
  }

  /** What weighs the heads. */
  get other(): Module | null {
    return this.critic ?? this.reference;
  }

  /** A step with even weights. Gives what was measured: cross entropies by head, and the norm of the gradient. */
  even(given: Given): Tensor {
    const even = ({ losses, valid }: Said, _: Given, { positions }: Counts): Tensor =>
      weighedSum(losses, valid.cast("float32"), valid).sum.div(positions.maximum(1));
    return this.#step(given, even, null);
  }

  /** A step with the weights of critic or reference. In stage 2 the critic goes on learning. */
  weighed(given: Given): Tensor {
    return this.#step(given, (said, part, whole) => {
      const { weights, values } = this.#weigh(said, part);
      const { sum, positions } = weighedSum(said.losses, weights, said.valid);
      // Of bytes that are chosen among all of a batch, only that batch knows at how many positions.
      const of = this.options.algorithm === "rho1-tokenskip" ? positions : whole.positions;
      const loss = sum.div(of.maximum(1));
      return values ? loss.add(this.#valueLoss(said, values, part, whole).mul(this.options.valueCoef)) : loss;
    }, this.critic && this.otherOptimizer);
  }

  /** A step of stage 1: the critic learns values while the model is frozen; or the reference learns to read. Gives its loss. */
  prepare(given: Given): Tensor {
    const optimizer = this.otherOptimizer!;
    let loss: Tensor;
    if (this.critic) {
      const said = say(this.model, given, 1);
      const state = stopGradient(said.state, "stage 1: the model is frozen");
      loss = this.#valueLoss(said, this.critic.forward(state).squeeze(-1), given, countsOf(given, 1));
    } else {
      const said = say(this.reference!, given, 1);
      loss = multiTokenLoss(said.losses, said.valid.cast("float32"), said.valid);
    }
    loss.backward();
    optimizer.clipGradNorm(this.options.maxGradNorm);
    optimizer.step();
    return loss;
  }

  /** What is thought of a batch, without learning: all `[row, time, head]`, but for deltas `[row, time]`. */
  look(given: Given): { losses: Tensor; choices: Tensor; weights: Tensor; deltas: Tensor } {
    const said = say(this.model, given, this.options.predictions, true);
    const even = said.valid.cast("float32").div(said.valid.sum(-1, true).cast("float32").maximum(1));
    const { weights, deltas } = this.other ? this.#weigh(said, given) : { weights: even, deltas: null };
    return { losses: said.losses, choices: said.choices!, weights, deltas: deltas ?? given.oracle.mul(0) };
  }

  /** `lossOf` gives the share that a part has in the loss of the whole batch. */
  #step(
    given: Given,
    lossOf: (said: Said, part: Given, whole: Counts) => Tensor,
    beside: AdamW | null,
  ): Tensor {
    const { options: { accumulate, maxGradNorm, predictions }, model, optimizer } = this;
    const rows = given.tokens.shape[0]! / accumulate;
    const whole = countsOf(given, predictions);
    const measured = Array.from({ length: accumulate }, (_, i) => {
      const part = accumulate === 1 ? given : partOf(given, i * rows, (i + 1) * rows);
      const said = say(model, part, predictions);
      lossOf(said, part, whole).backward();
      return said.losses.sum([0, 1]).div(whole.labels.maximum(1)).detach("measured");
    });
    const norm = optimizer.clipGradNorm(maxGradNorm);
    optimizer.step();
    if (beside) {
      beside.clipGradNorm(maxGradNorm);
      beside.step();
    }
    const byHead = measured.reduce((a, b) => a.add(b));
    return stack([...byHead.unbind(0), norm]);
  }

  /** The weights of heads, and what they are made of. */
  #weigh(said: Said, given: Given): { weights: Tensor; deltas: Tensor | null; values: Tensor | null } {
    const { options: { algorithm, temperature, keep }, reference } = this;
    const heads = said.valid.shape[2]!;
    if (!reference) return this.#weighByValues(said, given);
    const own = said.losses.detach("weights choose, they do not learn");
    const of = say(reference, given, 1);
    // The reference's loss of each token, which is said at the one before: looked ahead once, as labels are.
    const ofToken = of.losses.squeeze(-1).detach("the reference is frozen");
    const time = ofToken.shape[1]!;
    const excess = own.sub(lookAhead(ofToken.slice(1, 0, time - 1).pad(1, 1, 0), heads));
    const weights = algorithm === "rho1-tokenskip"
      ? keepTop(excess, said.valid, keep)
      : headWeights(excess, said.valid, { temperature });
    return { weights, deltas: null, values: null };
  }

  #weighByValues(said: Said, given: Given): { weights: Tensor; deltas: Tensor; values: Tensor } {
    const { temperature, deltaDiscount, detachWeights, weigher } = this.options;
    const heads = said.valid.shape[2]!;
    const values = this.critic!.forward(said.state).squeeze(-1);
    const all = valueDeltas(weigher === "oracle" ? given.oracle : values, deltaDiscount);
    // Behind the end of a row a critic says anything, and a longer row may be given what this one has.
    const deltas = where(said.counts, all, 0);
    const ahead = lookAhead(deltas, heads);
    const scores = weigher === "shuffled" ? exchanged(ahead) : ahead;
    const weights = headWeights(scores, said.valid, { temperature, differentiable: !detachWeights });
    return { weights, deltas, values };
  }

  /** Mean square of values less their targets, over tokens whose target is known: the share of a part in that of the whole. */
  #valueLoss({ losses, counts, valid }: Said, values: Tensor, { lengths, reward }: Given, whole: Counts): Tensor {
    const { options: { gamma, lmbda }, terminal } = this;
    const time = counts.shape[1]!;
    const isLast = arange(time).unsqueeze(0).equal(lengths.unsqueeze(1).sub(1));
    // Where no reward is had, that is learned which the model does itself: how likely it found what came. Of what comes after the last
    // token nothing is known but its value: with a reward of (1 - gamma) V there, whoever looks so far finds V, and no surprise.
    const found = losses.select(-1, 0).div(-Math.log(256));
    const rewards = terminal
      ? isLast.cast("float32").mul(reward.unsqueeze(1))
      : where(isLast, values.mul(1 - gamma), found).detach("a reward does not learn");
    const targets = valueTargets({ rewards, values, valid: counts, terminal }, { gamma, lmbda });
    const judged = terminal ? counts : valid.select(-1, 0);
    const squares = where(judged, values.sub(targets).square(), 0);
    return squares.sum().div((terminal ? whole.tokens : whole.positions).maximum(1));
  }
}

/** The rows of each pair in each other's place: whatever the parts of a batch, as long as none of them cuts a pair. */
function exchanged(x: Tensor): Tensor {
  const rows = Int32Array.from({ length: x.shape[0]! }, (_, i) => Math.min(i ^ 1, x.shape[0]! - 1));
  return x.take(tensor(rows), 0);
}

/** What a batch has, for `heads` heads. */
function countsOf({ lengths }: Given, heads: number): Counts {
  const numbers = lengths.cast("float32");
  const ahead = arange(heads).add(1).cast("float32");
  const labels = numbers.unsqueeze(1).sub(ahead.unsqueeze(0)).maximum(0).sum(0);
  return { tokens: numbers.sum(), positions: labels.select(0, 0), labels };
}

/** Rows `from` to `to` of a batch. */
function partOf(given: Given, from: number, to: number): Given {
  return Object.fromEntries(Object.entries(given).map(([name, x]) => [name, x.slice(0, from, to)])) as unknown as Given;
}

/**
 * Cross entropies of labels `[row, time]`, and the likeliest tokens if `choose`. Of several heads the logits are in a loop of one step each,
 * and computed again for the derivative, so that those of one head are in memory at a time (Gloeckle et al. 2024, section 2).
 */
function judged(model: LanguageModel, end: Tensor, labels: Tensor, choose: boolean): Tensor[] {
  const [rows, time] = labels.shape as [number, number];
  const judge = (x: Tensor, label: Tensor): Tensor[] => {
    const logits = model.unembed(x).reshape(rows * time, model.vocabulary);
    const loss = crossEntropy(logits, label.reshape(rows * time), { reduction: "none" }).reshape(rows, time);
    return [loss, ...choose ? [logits.argmax(-1).reshape(rows, time)] : []];
  };
  if (model.heads.length === 1) return judge(end, labels);
  const given = [end.unsqueeze(0), labels.unsqueeze(0)];
  const apart = (_: Tensor[], [x, label]: Tensor[]): [Tensor[], Tensor[]] => [[], judge(x!, label!)];
  const [, results] = scan(apart, [], given);
  return results.map((x) => x.squeeze(0));
}

/** What `model` says with its first `heads` heads, one after another. */
function say(model: LanguageModel, { tokens, lengths }: Given, heads: number, choose = false): Said {
  const time = tokens.shape[1]!;
  const counts = arange(time).unsqueeze(0).less(lengths.unsqueeze(1));
  const hidden = model.hidden(tokens);
  const { labels, valid } = headTargets(tokens, heads, counts);
  const ends = Array.from({ length: heads }, (_, k) => model.ahead(hidden, k));
  const all = ends.map((end, k) => judged(model, end, labels.select(-1, k), choose));
  return {
    ...{ counts, valid },
    state: model.norm.forward(ends[0]!),
    losses: stack(all.map(([loss]) => loss!), -1).where(valid, 0),
    choices: choose ? stack(all.map(([, choice]) => choice!), -1) : null,
  };
}
