/** Small models trained from PyTorch's weights on PyTorch's batches: a convolutional network, a recurrent one and a transformer. */

import { deepStrictEqual as equal, ok, rejects, throws } from "node:assert/strict";
import * as p from "../../mod.ts";
import { onCpu, onEachEngine } from "../engines.ts";
import { checkNumbers, type FixtureArray, type FixtureNumber, readFixture, toTensor } from "../fixtures/pytorch.ts";

type Numbers = readonly FixtureNumber[];

interface Training {
  readonly cnn: readonly number[];
  readonly copy: readonly number[];
  readonly gpt: readonly number[];
  readonly rmsprop: {
    readonly a: FixtureArray;
    readonly b: FixtureArray;
    readonly x: FixtureArray;
    readonly y: FixtureArray;
    readonly runs: readonly {
      readonly options: p.RMSpropOptions;
      readonly steps: readonly { readonly x: Numbers; readonly y: Numbers }[];
    }[];
  };
  readonly rates: { readonly lr: number; readonly rates: Readonly<Record<string, readonly number[]>> };
  readonly average: {
    readonly decay: number;
    readonly first: number;
    readonly values: readonly number[];
    readonly means: readonly number[];
  };
}

const [fixture] = await readFixture<Training>("training");

/** The generator of make_pytorch_training.py. */
class Draws {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  next(): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0;
    return (this.#state >>> 8) / 2 ** 24;
  }

  whole(n: number): number {
    return Math.floor(this.next() * n);
  }
}

function named(name: string): Draws {
  let hash = 2166136261;
  for (const char of new TextEncoder().encode(name)) hash = Math.imul(hash ^ char, 16777619) >>> 0;
  return new Draws(hash);
}

/** The model with PyTorch's weights, by PyTorch's names. */
function withWeights<M extends p.Module>(model: M): M {
  // A weight with two names is found by its first.
  const seen = new Set<p.Tensor>();
  const state = Object.entries(model.stateDict()).filter(([, x]) => {
    const isNew = x instanceof p.Parameter && !seen.has(x);
    seen.add(x);
    return isNew;
  });
  const drawn = state.map(([name, { shape, size }]) => {
    const draws = named(name);
    const terms = shape.slice(1).reduce((n, m) => n * m, 1);
    const bound = shape.length > 1 ? 1 / Math.sqrt(terms) : 0.1;
    const shift = name.includes("norm") && name.endsWith("weight") ? 1 : 0;
    const numbers = Float32Array.from({ length: size }, () => Math.fround(-bound + 2 * bound * draws.next()) + shift);
    return [name, p.tensor(numbers, { shape })];
  });
  model.loadStateDict(Object.fromEntries(drawn), { strict: false });
  return model;
}

interface Setting {
  readonly model: p.Module;
  readonly optimizer: p.Optimizer;
  readonly loss: (y: p.Tensor, target: p.Tensor) => p.Tensor;
  readonly batch: (step: number) => readonly [x: p.Tensor, y: p.Tensor];
  readonly scheduler?: p.LRScheduler;
  readonly clip?: number;
}

/** Trains by a compiled step, and compares each loss. */
async function checkLosses(expected: readonly number[], setting: Setting): Promise<void> {
  const { model, optimizer, batch, scheduler, clip } = setting;
  const step = p.compile((x: p.Tensor, y: p.Tensor) => {
    const loss = setting.loss(model.forward(x), y);
    optimizer.zeroGrad();
    loss.backward();
    if (clip !== undefined) optimizer.clipGradNorm(clip);
    optimizer.step();
    return loss;
  }, { state: [model, optimizer] });
  for (const [i, e] of expected.entries()) {
    const loss = Number(await (await step(...batch(i))).item());
    ok(Math.abs(loss - e) <= 1e-5, `the loss of step ${i} is ${loss}; PyTorch has ${e}.`);
    scheduler?.step();
  }
  equal(step.traces.length, 1);
}

const random = new p.HostRandom(0);
const whole = (rows: readonly (readonly number[])[]): p.Tensor => p.tensor(rows, { dtype: "int32" });

/** Squares, discs and crosses with noise. */
function shapes(step: number): readonly [p.Tensor, p.Tensor] {
  const draws = new Draws(1000 + step);
  const [images, kinds] = [new Float32Array(8 * 32 * 32), new Int32Array(8)];
  for (let i = 0; i < 8; i++) {
    const [kind, row, column, size] = [draws.whole(3), 8 + draws.whole(16), 8 + draws.whole(16), 3 + draws.whole(4)];
    kinds[i] = kind;
    for (let y = 0; y < 32; y++) {
      for (let x = 0; x < 32; x++) {
        const [dy, dx] = [Math.abs(y - row), Math.abs(x - column)];
        const [most, least] = [Math.max(dy, dx), Math.min(dy, dx)];
        const inside = [most <= size, dy * dy + dx * dx <= size * size, least <= 1 && most <= size][kind]!;
        images[(32 * i + y) * 32 + x] = Number(inside) + 0.5 * (draws.next() - 0.5);
      }
    }
  }
  return [p.tensor(images, { shape: [8, 1, 32, 32] }), p.tensor(kinds)];
}

class CNN extends p.Module {
  readonly conv1 = new p.Conv2d(1, 4, 3, random, { padding: 1 });
  readonly norm1 = new p.BatchNorm(4);
  readonly conv2 = new p.Conv2d(4, 8, 3, random, { stride: 2, padding: 1 });
  readonly norm2 = new p.GroupNorm(2, 8);
  readonly head = new p.Linear(128, 3, random);

  override forward(x: p.Tensor): p.Tensor {
    const y = p.maxPool2d(this.norm1.forward(this.conv1.forward(x)).relu(), 2);
    return this.head.forward(p.avgPool2d(this.norm2.forward(this.conv2.forward(y)).relu(), 2).flatten(1));
  }
}

onCpu("a convolutional network loses what PyTorch's loses, for 50 steps", async () => {
  const model = withWeights(new CNN());
  const optimizer = new p.SGD(model.parameters(), { lr: 0.05, momentum: 0.9 });
  const scheduler = new p.LRScheduler(optimizer, p.stepDecay(20, 0.3));
  const loss = (y: p.Tensor, t: p.Tensor) => p.crossEntropy(y, t, { labelSmoothing: 0.1 });
  await checkLosses(fixture!.cnn, { model, optimizer, scheduler, loss, batch: shapes });
});

class Copy extends p.Module {
  readonly embedding = new p.Embedding(6, 8, random);
  readonly gru = new p.GRU(8, 12, random, { numLayers: 2, batchFirst: true, bidirectional: true });
  readonly head = new p.Linear(24, 6, random);

  override forward(x: p.Tensor): p.Tensor {
    return this.head.forward(this.gru.forward(this.embedding.forward(x)));
  }
}

onCpu("a recurrent network of two layers in both directions loses what PyTorch's loses, for 50 steps", async () => {
  const model = withWeights(new Copy());
  const optimizer = new p.RMSprop(model.parameters(), { lr: 0.003, alpha: 0.9 });
  const batch = (step: number): readonly [p.Tensor, p.Tensor] => {
    const draws = new Draws(2000 + step);
    const rows = Array.from({ length: 8 }, () => Array.from({ length: 10 }, () => draws.whole(6)));
    return [whole(rows), whole(rows.map((row) => row.toReversed()))];
  };
  const loss = (y: p.Tensor, t: p.Tensor) => p.crossEntropy(y.transpose(1, 2), t);
  await checkLosses(fixture!.copy, { model, optimizer, batch, loss });
});

class GPT extends p.Module {
  readonly tokens = new p.Embedding(16, 16, random);
  readonly positions = new p.Embedding(12, 16, random);
  readonly blocks = Array.from({ length: 4 }, () => new p.TransformerBlock(16, 2, random));
  readonly norm = new p.LayerNorm(16);
  readonly head = new p.Linear(16, 16, random, { biasInit: null, weight: this.tokens.weight });

  override forward(x: p.Tensor): p.Tensor {
    const start = this.tokens.forward(x).add(this.positions.weight);
    const h = this.blocks.reduce((h, block) => block.forward(h, { isCausal: true }), start);
    return this.head.forward(this.norm.forward(h));
  }
}

onCpu(
  "a transformer of four blocks, with a tied head and groups of AdamW, loses what PyTorch's loses, for 50 steps",
  async () => {
    const model = withWeights(new GPT());
    const [matrices, vectors] = [true, false].map((isMatrix) => {
      return [...new Set(model.parameters())].filter((x) => (x.rank > 1) === isMatrix);
    });
    const optimizer = new p.AdamW([
      { name: "matrices", parameters: matrices!, weightDecay: 0.1 },
      { name: "vectors", parameters: vectors!, weightDecay: 0, lr: 1e-3 },
    ], { lr: 3e-3, betas: [0.9, 0.95] });
    const scheduler = new p.LRScheduler(optimizer, p.warmup(10, p.cosineAnnealing(40, 0.1)));
    const batch = (step: number): readonly [p.Tensor, p.Tensor] => {
      const draws = new Draws(3000 + step);
      const rows = Array.from({ length: 4 }, () => {
        const row = [draws.whole(16)];
        while (row.length < 13) row.push(draws.next() < 0.8 ? (3 * row.at(-1)! + 1) % 16 : draws.whole(16));
        return row;
      });
      return [whole(rows.map((row) => row.slice(0, -1))), whole(rows.map((row) => row.slice(1)))];
    };
    const loss = (y: p.Tensor, t: p.Tensor) => p.crossEntropy(y.reshape(-1, 16), t.reshape(-1));
    await checkLosses(fixture!.gpt, { model, optimizer, scheduler, batch, loss, clip: 1 });
  },
);

const { rmsprop } = fixture!;

for (const run of rmsprop.runs) {
  onEachEngine(`RMSprop(${JSON.stringify(run.options)}) takes PyTorch's ten steps`, async () => {
    const [a, b] = [toTensor(rmsprop.a), toTensor(rmsprop.b)];
    const [x, y] = [new p.Parameter(toTensor(rmsprop.x), "x"), new p.Parameter(toTensor(rmsprop.y), "y")];
    const optimizer = new p.RMSprop([x, y], run.options);
    const step = p.compile(() => {
      const loss = a.matmul(x).sub(b).square().sum().div(2).add(y.cos().sum());
      loss.backward();
      optimizer.step();
    }, { state: optimizer });
    for (const [i, expected] of run.steps.entries()) {
      await step();
      checkNumbers(await x.data(), expected.x, 2e-5, `x after step ${i + 1}`);
      checkNumbers(await y.data(), expected.y, 2e-5, `y after step ${i + 1}`);
    }
  });
}

const schedules: Readonly<Record<string, p.RateSchedule>> = {
  warmup: p.warmup(5, p.cosineAnnealing(19, 0.1)),
  cosineAnnealing: p.cosineAnnealing(24, 0.25),
  stepDecay: p.stepDecay(7, 0.5),
  oneCycle: p.oneCycle(24),
  oneCycleOther: p.oneCycle(24, { pctStart: 0.5, divFactor: 10, finalDivFactor: 100 }),
};

for (const [name, expected] of Object.entries(fixture!.rates.rates)) {
  onCpu(`the schedule ${name} gives PyTorch's rates, to one group and not to the other`, async () => {
    const { lr } = fixture!.rates;
    const groups = ["a", "b"].map((name) => ({ name, parameters: [new p.Parameter(p.tensor([1]), name)] }));
    const optimizer = new p.SGD(groups, { lr });
    const scheduler = new p.LRScheduler(optimizer, [schedules[name]!, () => 0.5]);
    for (const [i, e] of expected.entries()) {
      ok(Math.abs(scheduler.rates[0]! - e) < 1e-9, `step ${i}: ${scheduler.rates[0]}, not ${e}`);
      equal(scheduler.rates[1], lr / 2);
      equal(await optimizer.groups[0]!.lr.item(), Math.fround(scheduler.rates[0]!));
      scheduler.step();
    }
    // A run that goes on where another one was.
    equal(new p.LRScheduler(optimizer, [schedules[name]!, () => 0.5], 24).rates, scheduler.rates);
  });
}

onCpu("the moving average of weights is PyTorch's; swap() exchanges it with the weights", async () => {
  const { decay, first, values, means } = fixture!.average;
  const weight = new p.Parameter(p.tensor([first]), "weight");
  const average = new p.ExponentialMovingAverage(weight, decay);
  const step = p.compile((x: p.Tensor) => {
    weight.assign(x.reshape(1));
    average.update();
  }, { state: average });
  for (const [i, value] of values.entries()) {
    await step(p.tensor(value));
    checkNumbers(await Object.values(average.stateDict())[0]!.data(), [means[i]!], 1e-6, `mean ${i}`);
  }
  average.swap();
  checkNumbers(await weight.data(), [means.at(-1)!], 1e-6, "the weight");
  average.swap();
  checkNumbers(await weight.data(), [values.at(-1)!], 1e-6, "the weight again");
});

onCpu("schedules, averages and RMSprop refuse what would go wrong in silence", async () => {
  const optimizer = new p.SGD([new p.Parameter(p.tensor([1]), "w")], { lr: 0.1 });
  const one = () => 1;
  throws(
    () => new p.LRScheduler(optimizer, [one, one]),
    /LRScheduler takes one schedule for all groups, or one for each of them; there are 1, and it was given 2\./,
  );
  throws(
    () => new p.LRScheduler(optimizer, () => NaN),
    /a learning rate is a number of at least 0, not NaN at step 0\./,
  );
  const scheduler = new p.LRScheduler(optimizer, one);
  const step = p.compile(() => scheduler.step(), { state: optimizer });
  await rejects(
    step,
    /G203\]: a learning rate was scheduled in a traced function[^]*call scheduler\.step\(\) after the call/,
  );
  throws(() => new p.RMSprop([], { alpha: 2 }), /alpha of RMSprop is a number from 0 to 1, not 2\./);
  const other = new p.ExponentialMovingAverage(new p.Parameter(p.tensor([1, 2]), "v"));
  throws(
    () => other.loadStateDict({ 0: p.tensor([1]) }),
    /do not fit the moving average, .* `0` is float32 \[2\] here and float32 \[1\] there/,
  );
});

onCpu("several backward() before a step add their gradients, as in one large batch", async () => {
  const [one, two] = [0, 1].map(() => new p.Linear(3, 1, new p.HostRandom(7)));
  const x = p.tensor(new p.HostRandom(1).uniform(24, -1, 1), { shape: [8, 3] });
  const loss = (net: p.Linear, x: p.Tensor) => net.forward(x).sub(1).square().mean();
  const optimizers = [one!, two!].map((net) => new p.Adam(net.parameters(), { lr: 0.1 }));
  const whole = p.compile((x: p.Tensor) => {
    loss(one!, x).backward();
    optimizers[0]!.step();
  }, { state: [one!, optimizers[0]!] });
  const parts = p.compile((x: p.Tensor) => {
    for (const part of x.chunk(4)) loss(two!, part).div(4).backward();
    optimizers[1]!.step();
  }, { state: [two!, optimizers[1]!] });
  for (let i = 0; i < 3; i++) {
    await whole(x);
    await parts(x);
  }
  checkNumbers(await two!.weight.data(), [...await one!.weight.data()], 1e-6, "weights");
});
