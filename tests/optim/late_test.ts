/** Parameters that have no gradient in some steps, and clips at the wrong time, against PyTorch. */

import { deepStrictEqual as equal, ok, throws } from "node:assert";
import {
  Adam,
  AdamW,
  compile,
  type Optimizer,
  Parameter,
  SGD,
  type SGDOptions,
  type Tensor,
  tensor,
} from "../../mod.ts";
import { onEachEngine } from "../engines.ts";
import { checkNumbers, type FixtureArray, type FixtureNumber, readFixture, toTensor } from "../fixtures/pytorch.ts";
import { isSilent, warnsOf } from "../forensics/expect.ts";

interface Late {
  readonly optimiser: "SGD" | "Adam" | "AdamW";
  readonly options: SGDOptions;
  readonly start: readonly FixtureArray[];
  /** For each step whether the loss uses the second and the third parameter. */
  readonly uses: readonly (readonly [withB: boolean, withC: boolean])[];
  readonly steps: readonly (readonly (readonly FixtureNumber[])[])[];
}

const optimisers = { SGD, Adam, AdamW };
const fixture = await readFixture<Late>("late");

function setUp({ optimiser, options, start }: Late) {
  const parameters = start.map((x, i) => new Parameter(toTensor(x), "abc"[i]));
  const [a, b, c] = parameters as [Parameter, Parameter, Parameter];
  const optimizer: Optimizer = new optimisers[optimiser](parameters, options);
  const step = (withB: boolean, withC: boolean): Tensor => {
    let loss = a.square().sum();
    if (withB) loss = loss.add(b.pow(3).sum());
    if (withC) loss = loss.add(c.cos().sum());
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    return loss;
  };
  return { parameters, optimizer, step };
}

for (const row of fixture) {
  const when = row.uses[0]![0] ? "rests" : "joins late";
  onEachEngine(
    `${row.optimiser} keeps what ${when}, its moments and its count of steps, as PyTorch does`,
    async () => {
      const { parameters, step } = setUp(row);
      for (const [i, expected] of row.steps.entries()) {
        step(...row.uses[i]!);
        for (const [k, x] of parameters.entries()) {
          checkNumbers(await x.data(), expected[k]!, 2e-5, `${x.name}, step ${i}`);
        }
      }
    },
  );

  onEachEngine(`${row.optimiser} keeps what ${when} in compiled phases`, async () => {
    const { parameters, optimizer, step } = setUp(row);
    const phases = new Map<string, () => Promise<Tensor>>();
    for (const [i, expected] of row.steps.entries()) {
      const [withB, withC] = row.uses[i]!;
      const key = `${withB} ${withC}`;
      if (!phases.has(key)) {
        phases.set(
          key,
          compile(() => step(withB, withC), { state: optimizer }),
        );
      }
      await phases.get(key)!();
      for (const [k, x] of parameters.entries()) {
        checkNumbers(await x.data(), expected[k]!, 2e-5, `${x.name}, step ${i}`);
      }
    }
  });
}

onEachEngine("an optimiser without any gradient changes nothing, and counts no step", async () => {
  const w = new Parameter(tensor([1, 2]), "w");
  const optimizer = new AdamW([w], { lr: 0.1 });
  optimizer.step();
  equal(await w.toList(), [1, 2]);
  equal(await optimizer.count.item(), 0);
});

interface TooEarly {
  readonly maxNorm: number;
  readonly end: readonly FixtureNumber[];
}

const weights = tensor([300, 400]);

for (const { maxNorm, end } of await readFixture<TooEarly>("clipped_too_early")) {
  onEachEngine(`what is added after clipGradNorm(${maxNorm}) is not clipped, as in PyTorch`, async () => {
    const w = new Parameter(tensor([1, 1]), "w"), optimizer = new SGD([w], { lr: 1 });
    w.mul(weights).sum().backward();
    optimizer.clipGradNorm(maxNorm);
    w.mul(weights).sum().backward();
    optimizer.step();
    checkNumbers(await w.data(), end, 1e-6, "w");
  });
}

Deno.test("a clip before the gradient is complete is told at its line", async () => {
  const w = new Parameter(tensor([1, 1]), "w"), optimizer = new SGD([w], { lr: 1 });
  const warning = await warnsOf("G113", () => {
    w.mul(weights).sum().backward();
    optimizer.clipGradNorm(1); // here
    w.mul(weights).sum().backward();
    optimizer.step();
  });
  ok(warning.sites[0]!.text?.includes("// here"), warning.message);
});

Deno.test("a clip after the step is told at its line, compiled and not", async () => {
  const w = new Parameter(tensor([1, 1]), "w"), optimizer = new SGD([w], { lr: 1 });
  const warning = await warnsOf("G113", () => {
    w.mul(weights).sum().backward();
    optimizer.step();
    optimizer.clipGradNorm(1); // after the step
  });
  ok(warning.sites[0]!.text?.includes("// after the step"), warning.message);
  const step = compile((x: Tensor) => {
    w.mul(x).sum().backward();
    optimizer.step();
    return optimizer.clipGradNorm(1);
  }, { state: optimizer });
  await warnsOf("G113", async () => await step(weights));
  optimizer.zeroGrad();
  // What the compiled step left is gone: the next one clips by its own norm, or not at all.
  const before = await w.data();
  w.mul(weights).sum().backward();
  optimizer.step();
  checkNumbers(await w.data(), Array.from(before, (x, i) => x - [300, 400][i]!), 1e-6, "w");
});

Deno.test("a norm that is only looked at, or read before a step is skipped, is silent", async () => {
  const w = new Parameter(tensor([3, 4]), "w"), optimizer = new SGD([w], { lr: 0.1 });
  await isSilent(async () => {
    w.square().sum().backward();
    equal(await optimizer.clipGradNorm(1).item(), 10);
    optimizer.zeroGrad();
    w.square().sum().backward();
    optimizer.step();
    optimizer.clipGradNorm(Infinity);
  });
  throws(() => optimizer.clipGradNorm(-1), RangeError);
});

Deno.test("a clip that zeroGrad() throws away before the first step is told", async () => {
  const w = new Parameter(tensor([3, 4]), "w"), optimizer = new SGD([w], { lr: 0.1 });
  await warnsOf("G113", () => {
    w.square().sum().backward();
    optimizer.clipGradNorm(1);
    optimizer.zeroGrad();
  });
});

onEachEngine(
  "an optimiser that is restored after a parameter missed steps goes on as if nothing had happened",
  async () => {
    const setUp = () => {
      const [a, b] = [new Parameter(tensor([1, 2]), "a"), new Parameter(tensor([3, 4]), "b")];
      const optimizer = new Adam([a, b], { lr: 0.1 });
      const step = (withB: boolean) => {
        optimizer.zeroGrad();
        const loss = a.square().sum();
        (withB ? loss.add(b.square().sum()) : loss).backward();
        optimizer.step();
      };
      return { b, optimizer, step };
    };
    const [first, second] = [setUp(), setUp()];
    for (let i = 0; i < 3; i++) first.step(false);
    const saved = await Promise.all(first.optimizer.variables().map((x) => x.data()));
    second.optimizer.variables().forEach((x, i) => x.assign(tensor(saved[i]!, { shape: x.shape })));
    for (const { step } of [first, second]) {
      step(true);
      step(true);
    }
    equal(await second.b.toList(), await first.b.toList());
  },
);
