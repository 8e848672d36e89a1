/** What is to be done about a bad number: each help is given where it helps, and who does what it says has a good step. */

import assert from "node:assert/strict";
import { Adam, compile, NonFiniteError, Parameter, SGD, type Tensor, tensor, where } from "../../mod.ts";
import { onEachEngine } from "../engines.ts";

type Loss = (w: Tensor, x: Tensor) => Tensor;

interface Optimiser {
  zeroGrad(): void;
  step(): void;
}

const byDescent = (w: Parameter): Optimiser => new SGD([w], { lr: 1e-3 });

/** One training step of three weights on three numbers: what it throws, or the weights after it. */
async function trained(loss: Loss, x: readonly number[], make: (w: Parameter) => Optimiser): Promise<Error | number[]> {
  const w = new Parameter(tensor([1, 2, 3]), "w");
  const optimizer = make(w);
  const step = compile((x: Tensor) => {
    optimizer.zeroGrad();
    const value = loss(w, x);
    value.backward();
    optimizer.step();
    return value;
  }, { state: [w, optimizer as SGD], name: "train" });
  try {
    await (await step(tensor([...x]))).item();
    return await w.toList() as number[];
  } catch (error) {
    return error as Error;
  }
}

interface Row {
  readonly help: string;
  readonly x: readonly number[];
  readonly loss: Loss;
  /** By what the help says. */
  readonly mended: Loss;
}

const positive = "make what goes in positive: exp() or softplus() of what a network gives.";

const rows: readonly Row[] = [
  {
    help: "keep the argument above 0: x.add(1e-8).log(), or logSoftmax() for probabilities.",
    x: [1, 0, 1],
    loss: (w, x) => w.mul(x).log().mean(),
    mended: (w, x) => w.mul(x).add(1e-8).log().mean(),
  },
  {
    help: `log() of a negative number is NaN: ${positive}`,
    x: [1, -1, 1],
    loss: (w, x) => w.mul(x).log().mean(),
    mended: (w, x) => w.mul(x).softplus().log().mean(),
  },
  {
    help: "exp() overflows above 88: subtract the largest first (softmax, logSumExp do), or clamp the exponent.",
    x: [1, 500, 1],
    loss: (w, x) => w.mul(x).exp().sum().log(),
    mended: (w, x) => w.mul(x).logSumExp(),
  },
  {
    help: "exp2() overflows above 128: clamp the exponent.",
    x: [1, 500, 1],
    loss: (w, x) => w.mul(x).exp2().sum(),
    mended: (w, x) => w.mul(x).clamp(null, 5).exp2().sum(),
  },
  {
    help: "expm1() overflows above 88: clamp the exponent.",
    x: [1, 500, 1],
    loss: (w, x) => w.mul(x).expm1().sum(),
    mended: (w, x) => w.mul(x).clamp(null, 5).expm1().sum(),
  },
  {
    help: "the slope of sqrt() at 0 is infinite: use norm(), or add a small number before it.",
    x: [0, 0, 0],
    loss: (w, x) => w.mul(x).square().sum().sqrt(),
    mended: (w, x) => w.mul(x).norm(),
  },
  {
    help: `sqrt() of a negative number is NaN: ${positive}`,
    x: [1, -1, 1],
    loss: (w, x) => w.mul(x).sqrt().sum(),
    mended: (w, x) => w.mul(x).softplus().sqrt().sum(),
  },
  {
    help: "see that the divisor is never 0: add a small number, or choose it with where() before dividing.",
    x: [1, 0, 1],
    loss: (w, x) => w.div(x).sum(),
    mended: (w, x) => w.div(where(x.equal(0), 1, x)).sum(),
  },
  {
    help: "the slope of a power below 1 is infinite at 0: add a small number before it, x.add(1e-6).pow(..).",
    x: [1, 0, 1],
    loss: (w, x) => w.mul(x).pow(0.5).sum(),
    mended: (w, x) => w.mul(x).add(1e-6).pow(0.5).sum(),
  },
  {
    help: "a negative base has no fractional power, and 0 no negative one.",
    x: [1, -1, 1],
    loss: (w, x) => w.mul(x).pow(0.5).sum(),
    mended: (w, x) => w.mul(x).abs().pow(0.5).sum(),
  },
  {
    help: "clamp the argument to (-1, 1).",
    x: [0.1, 1, 0.1],
    loss: (w, x) => w.mul(x).acos().sum(),
    mended: (w, x) => w.mul(x).clamp(-0.99, 0.99).acos().sum(),
  },
  {
    help: "keep the argument above -1.",
    x: [1, -1, 1],
    loss: (w, x) => w.mul(x).log1p().sum(),
    mended: (w, x) => w.mul(x).maximum(-0.9).log1p().sum(),
  },
  {
    help: "an infinity goes in: look at where it is made; infinity less infinity, and times 0, is NaN.",
    x: [1, 0, 1],
    loss: (w, x) => where(x.greater(0), w, Infinity).mul(x).sum(),
    mended: (w, x) => where(x.greater(0), w, 100).mul(x).sum(),
  },
  {
    help: "the result is above 3.4e38, the largest of float32: keep what goes in smaller.",
    x: [1, 1e30, 1],
    loss: (w, x) => w.mul(1e30).mul(x).sum(),
    mended: (w, x) => w.mul(x.minimum(10)).sum(),
  },
  {
    help: "look at where it comes from: data, a setting, or an earlier step.",
    x: [1, NaN, 1],
    loss: (w, x) => w.mul(x).sum(),
    mended: (w, x) => w.mul(where(x.equal(x), x, 0)).sum(),
  },
  {
    help:
      "one sample has no deviation, as it is divided by the count less 1: take more samples, or { correction: 0 }, which " +
      "gives 0: then add a small number where it divides.",
    x: [1, 2, 3],
    loss: (w, x) => w.mul(x).reshape(3, 1).variance(1).sum(),
    mended: (w, x) => w.mul(x).reshape(3, 1).variance(1, { correction: 0 }).sum().add(w.sum()),
  },
  {
    help: "the mean of nothing is 0 / 0: see that there is an entry.",
    x: [1, 2, 3],
    loss: (w, x) => w.mul(x).slice(0, 3).mean().add(w.sum()),
    mended: (w, x) => w.mul(x).slice(0, 2).mean().add(w.sum()),
  },
  {
    help: "look at its inputs: they are finite, its result is not.",
    x: [1, 1, 1],
    loss: (w, x) => w.mul(x).mul(1e38).sum(),
    mended: (w, x) => w.mul(x).mul(1e4).sum(),
  },
  {
    help: "look at where its inputs become infinite.",
    x: [0, -2, 1],
    loss: (w, x) => where(x.greater(0), w, where(x.less(-1), -Infinity, Infinity)).sum(),
    mended: (w, x) => where(x.greater(0), w, 0).sum(),
  },
];

/** Throws unless the loss goes bad with `help`, and the mended one makes a good step. */
async function follow({ help, x, loss, mended }: Row, make = byDescent, makeMended = make): Promise<void> {
  const error = await trained(loss, x, make);
  assert.ok(error instanceof NonFiniteError, `it should have thrown, not ${error}`);
  assert.ok(error.message.endsWith(`help: ${help}`), error.message);
  const after = await trained(mended, x, makeMended);
  assert.ok(Array.isArray(after), `${after}`);
  assert.ok(after.every(Number.isFinite), `${after}`);
}

for (const row of rows) {
  onEachEngine(`who does what a bad number's help says, "${row.help}", has a good step`, () => follow(row));
}

onEachEngine("an optimiser without an eps that divides by 0 is told so", async () => {
  const loss: Loss = (w, x) => w.mul(x).sum();
  const help = "the optimiser divides by a mean of squares, which is 0: its eps must be above 0.";
  const row: Row = { help, x: [1, 0, 1], loss, mended: loss };
  await follow(row, (w) => new Adam([w], { lr: 1e-3, eps: 0 }), (w) => new Adam([w], { lr: 1e-3 }));
});
