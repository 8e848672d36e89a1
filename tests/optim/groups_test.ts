/** Groups of parameters with settings of their own, and lists that hold something else. */

import { throws } from "node:assert/strict";
import { Adam, AdamW, HostRandom, MLP, ones, Parameter, SGD, tensor } from "../../mod.ts";
import { onEachEngine } from "../engines.ts";
import { checkNumbers, type FixtureArray, type FixtureNumber, readFixture, toTensor } from "../fixtures/pytorch.ts";

interface Decays {
  readonly optimiser: "SGD" | "Adam" | "AdamW";
  readonly start: readonly FixtureArray[];
  readonly end: readonly (readonly FixtureNumber[])[];
}

const optimisers = { SGD, Adam, AdamW };

for (const { optimiser, start, end } of await readFixture<Decays>("weight_decays")) {
  onEachEngine(`${optimiser} draws each group to 0 by its own weight decay, as PyTorch does`, async () => {
    const parameters = start.map((x, i) => new Parameter(toTensor(x), "abc"[i]));
    const [a, b, c] = parameters as [Parameter, Parameter, Parameter];
    const groups = [{ parameters: [a], weightDecay: 0 }, { parameters: [b], weightDecay: 2 }, { parameters: [c] }];
    const optimizer = new optimisers[optimiser](groups, { lr: 0.1, weightDecay: 0.5 });
    for (let i = 0; i < 3; i++) {
      optimizer.zeroGrad();
      a.square().sum().add(b.pow(3).sum()).add(c.sum()).backward();
      optimizer.step();
    }
    for (const [i, x] of parameters.entries()) checkNumbers(await x.data(), end[i]!, 2e-5, x.name);
  });
}

Deno.test("optimisers say what is wrong with a list, a group or a setting that they cannot use", () => {
  const a = new Parameter(ones([1]), "a");
  const refused: readonly (readonly [parameters: unknown, options: object, sentence: RegExp])[] = [
    [
      [{ params: [a] }],
      {},
      /at `parameters\[0\]`, has no option `params`; it has parameters, name, lr, weightDecay.*\n[^]*\{ parameters, lr \}/,
    ],
    [[{ parameters: [a], betas: [0, 0] }], {}, /at `parameters\[0\]`, has no option `betas`/],
    [[{ parameters: [a], weightDecay: -1 }], {}, /a weight decay is a number of at least 0, not -1/],
    [
      [{ parameters: a }],
      {},
      /takes a list of parameters as `parameters\[0\]\.parameters`, not the tensor float32 \[1\]/,
    ],
    [
      [tensor([1, 2])],
      {},
      /takes a parameter as `parameters\[0\]`, not the tensor float32 \[2\][^]*new Parameter\(tensor\)/,
    ],
    [[a, { parameters: [a] }], {}, /takes a parameter as `parameters\[1\]`, not an object with parameters/],
    [[a, undefined], {}, /needs `parameters\[1\]`, a parameter/],
    [
      new MLP([1, 1], new HostRandom(0)),
      {},
      /takes a list of parameters, such as net\.parameters\(\), as `parameters`, not an MLP/,
    ],
    [[a], { weight_decay: 1 }, /has no option `weight_decay`; it has lr,[^]*did you mean `weightDecay`\?/],
  ];
  for (const [parameters, options, sentence] of refused) {
    for (const Optimiser of [SGD, Adam, AdamW]) {
      throws(() => new Optimiser(parameters as Parameter[], options), sentence);
    }
  }
});

Deno.test("an optimiser that is refused takes no parameter over", () => {
  const [a, b, c, frozen] = ["a", "b", "c", "frozen"].map((name) => new Parameter(ones([1]), name)) as [
    Parameter,
    Parameter,
    Parameter,
    Parameter,
  ];
  frozen.requiresGrad = false;
  new SGD([c]);
  const refused: readonly (readonly [groups: Parameter[][], sentence: RegExp])[] = [
    [[[a, b], [c]], /error\[G501\]: the parameter `c` has an owner already/],
    [[[a, c]], /error\[G501\]: the parameter `c` has an owner already/],
    [[[a], [b, a]], /error\[G501\]: the parameter `a` is in two groups of one optimiser, `group 0` and `group 1`\./],
    [[[a, b], [frozen]], /error\[G502\]: the group `group 1` has no parameters that learn\. Frozen: 1 of 1\./],
    [
      [[a], []],
      /error\[G502\]: the group `group 1` has no parameters that learn\.\n[^]*not in private fields, objects or maps/,
    ],
  ];
  for (const [groups, sentence] of refused) {
    for (const Optimiser of [SGD, Adam, AdamW]) {
      throws(() => new Optimiser(groups.map((parameters) => ({ parameters }))), sentence);
    }
  }
  new Adam([{ parameters: [a] }, { parameters: [b] }]);
});
