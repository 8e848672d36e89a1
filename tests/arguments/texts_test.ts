/** What is said of the arguments that users of other libraries write: what was given, what is taken, and what to write. */

import assert from "node:assert/strict";
import {
  Adam,
  Bernoulli,
  headMap,
  HostRandom,
  LayerNorm,
  Linear,
  LSTM,
  MLP,
  Normal,
  normal,
  orthogonal,
  Parameter,
  PlumblineError,
  randomKey,
  SGD,
  smoothL1,
  type Tensor,
  tensor,
  useDevice,
  zeros,
} from "../../mod.ts";

await useDevice("cpu");

/** For calls that types refuse. */
// deno-lint-ignore no-explicit-any
const any = (value: unknown): any => value;

const x = tensor([[1, 2], [3, 4]]);
const random = new HostRandom(0);
const parameters = (): Parameter[] => [new Parameter(tensor([1]), "w")];

const texts: readonly (readonly [call: string, run: () => unknown, message: string, help: string])[] = [
  [
    "new Adam(parameters, 0.1)",
    () => new Adam(parameters(), any(0.1)),
    "new Adam() takes options by name (lr, betas, eps, weightDecay) as `options`, not the number 0.1.",
    "write it so: new Adam(parameters, { lr: 0.1 })",
  ],
  [
    "new SGD(parameters, { learningRate: 0.1 })",
    () => new SGD(parameters(), any({ learningRate: 0.1 })),
    "new SGD() has no option `learningRate`; it has lr, momentum, nesterov, weightDecay.",
    "",
  ],
  [
    "new SGD(parameters, { weight_decay: 0.1 })",
    () => new SGD(parameters(), any({ weight_decay: 0.1 })),
    "new SGD() has no option `weight_decay`; it has lr, momentum, nesterov, weightDecay.",
    "did you mean `weightDecay`?",
  ],
  [
    "new SGD(w)",
    () => new SGD(any(parameters()[0])),
    "new SGD() takes a list of parameters, such as net.parameters(), as `parameters`, not the tensor float32 [1].",
    "",
  ],
  [
    "smoothL1(prediction, target)",
    () => any(smoothL1)(x, x),
    "smoothL1() takes 1 at most, smoothL1(error); it was given 2: the tensor float32 [2, 2] has no place.",
    "it takes the difference, and gives a number for each entry: smoothL1(prediction.sub(target)).mean().",
  ],
  [
    "x.mean(0, { keepDim: false })",
    () => x.mean(0, any({ keepDim: false })),
    "mean() takes true or false as `keepDim`, not an object with keepDim.",
    "write it so: mean(0, false)",
  ],
  [
    "new Linear(3, 2, random, { bias: false })",
    () => new Linear(3, 2, random, any({ bias: false })),
    "new Linear() has no option `bias`; it has weightInit, biasInit, weight.",
    "without a bias: { biasInit: null }.",
  ],
  [
    "tensor(x, { requiresGrad: true })",
    () => tensor([1], any({ requiresGrad: true })),
    "tensor() has no option `requiresGrad`; it has dtype, shape, axes.",
    "what learns is a parameter: new Parameter(tensor(x)).",
  ],
  [
    "new LSTM(3, 2, random, { projSize: 2 })",
    () => new LSTM(3, 2, random, any({ projSize: 2 })),
    "new LSTM() has no option `projSize`",
    "",
  ],
  [
    "x.flip(0, 1)",
    () => any(x).flip(0, 1),
    "flip() takes 1 at most, flip(axis); it was given 2: the number 1 has no place.",
    "several axes are given in one list: flip([0, 1]).",
  ],
  [
    "normal.sample(key, 5)",
    () => any(new Normal(0, 1)).sample(randomKey(0), 5),
    "sample() takes a list of sizes such as [2, 3] as `shape`, not the number 5.",
    "it is called so: sample(key, shape?)",
  ],
  [
    "new Bernoulli(probs)",
    () => new Bernoulli(any(tensor([0.5]))),
    "new Bernoulli() takes { probs } or { logits } as `choice`, not the tensor float32 [1].",
    "PyTorch's Bernoulli(probs) is new Bernoulli({ probs }).",
  ],
  [
    "x.pad(0, 1, 1, { value: 3 })",
    () => x.pad(0, 1, 1, any({ value: 3 })),
    "pad() takes a number as `value`, not an object with value.",
    "write it so: pad(0, 1, 1, 3)",
  ],
  [
    "linear.forward([[1, 2]])",
    () => new Linear(2, 1, random).forward(any([[1, 2]])),
    "forward() takes a tensor as `x`, not an array.",
    "write it so: forward(tensor([[1,2]]))",
  ],
  [
    "new Linear(3, 2)",
    () => new Linear(3, 2, any(undefined)),
    "new Linear() needs `random`",
    "",
  ],
  ["new LayerNorm([4])", () => new LayerNorm(any([4])), "new LayerNorm() takes", ""],
  ["new MLP(3, random)", () => new MLP(any(3), random), "new MLP() takes", ""],
  [
    "new Linear(3, 2, random, { weightInit: orthogonal })",
    () => new Linear(3, 2, random, { weightInit: any(orthogonal) }),
    "orthogonal() takes a finite number as `gain`",
    "orthogonal() makes an initialiser: { weightInit: orthogonal() }",
  ],
  [
    "zeros(2, 3)",
    () => any(zeros)(2, 3),
    "zeros() takes a list of sizes such as [2, 3] as `shape`, not the number 2.",
    "a shape is a list of sizes: zeros([2, 3]), not zeros(2, 3).",
  ],
  ["normal([2], key)", () => normal(any([2]), any(randomKey(0))), "normal() takes", ""],
  ["x.clamp({ min: 0 })", () => x.clamp(any({ min: 0 })), "clamp() takes", ""],
  ["x.where(mask)", () => any(x).where(x.greater(2)), "where() needs", ""],
];

for (const [name, run, message, help] of texts) {
  Deno.test(`${name} is told what is taken`, () => {
    assert.throws(run, (error) => {
      const { code, message: found } = error as Error & { code: string };
      assert.equal(code, "G310");
      assert.ok(found.startsWith(`error[G310]: ${message}`), found);
      assert.ok(help === "" || found.includes(`help: ${help}`), found);
      return true;
    });
  });
}

Deno.test("the order of a norm is not taken for an axis", () => {
  for (const order of [1, 2]) {
    assert.throws(() => x.norm(order), { name: "PlumblineError", message: new RegExp(`norm\\(\\[${order}\\]\\)`) });
  }
});

Deno.test("an initialiser that gives another shape is refused", () => {
  const weightInit = (): Tensor => zeros([2, 2]);
  assert.throws(() => new Linear(3, 2, random, { weightInit }), {
    name: "PlumblineError",
    message: /error\[G304\]: an initialiser gives what `weight` is, \[2,3\], not \[2,2\]/,
  });
});

Deno.test("a long text that was given is not repeated whole", () => {
  const long = "x".repeat(5000);
  const calls = [
    () => x.sum(long),
    () => any(x).sum(0, long),
    () => any(headMap)({ text: new Uint8Array(3), heads: 2, weights: new Float32Array(6), deltas: [0, 0, 0] }, long),
    () => new MLP([2, 3], new HostRandom(0), any(long)),
  ];
  for (const call of calls) {
    assert.throws(call, (error: Error) => error instanceof PlumblineError && error.message.length < 2500);
  }
});
