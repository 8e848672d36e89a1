/** Optimisers and gradient clipping against PyTorch, step by step, compiled and not. */

import { ok } from "node:assert";
import {
  Adam,
  AdamW,
  compile,
  type Optimizer,
  Parameter,
  SGD,
  type SGDOptions,
  type Tensor,
  zeros,
} from "../../mod.ts";
import { onEachEngine } from "../engines.ts";
import { checkNumbers, type FixtureArray, type FixtureNumber, readFixture, toTensor } from "../fixtures/pytorch.ts";

interface Trajectories {
  readonly a: FixtureArray;
  readonly b: FixtureArray;
  readonly x: FixtureArray;
  readonly y: FixtureArray;
  readonly runs: readonly {
    readonly optimiser: string;
    readonly options: SGDOptions;
    readonly steps: readonly { readonly x: readonly FixtureNumber[]; readonly y: readonly FixtureNumber[] }[];
  }[];
}

const constructors: Record<string, new (parameters: readonly Parameter[], options: SGDOptions) => Optimizer> = {
  SGD,
  Adam,
  AdamW,
};

const [fixture] = await readFixture<Trajectories>("optimisers");

function setUp(
  run: Trajectories["runs"][number],
): { x: Parameter; y: Parameter; optimizer: Optimizer; step: () => Tensor } {
  const [a, b] = [toTensor(fixture!.a), toTensor(fixture!.b)];
  const [x, y] = [new Parameter(toTensor(fixture!.x), "x"), new Parameter(toTensor(fixture!.y), "y")];
  const optimizer = new constructors[run.optimiser]!([x, y], run.options);
  const step = (): Tensor => {
    const loss = a.matmul(x).sub(b).square().sum().div(2).add(y.cos().sum());
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    return loss;
  };
  return { x, y, optimizer, step };
}

for (const run of fixture!.runs) {
  const name = `${run.optimiser}(${JSON.stringify(run.options)})`;
  onEachEngine(`${name} takes PyTorch's ten steps, uncompiled`, async () => {
    const { x, y, step } = setUp(run);
    for (const [i, expected] of run.steps.entries()) {
      step();
      checkNumbers(await x.data(), expected.x, 2e-5, `x after step ${i + 1}`);
      checkNumbers(await y.data(), expected.y, 2e-5, `y after step ${i + 1}`);
    }
  });

  onEachEngine(`${name} takes PyTorch's ten steps, compiled`, async () => {
    const { x, y, optimizer, step } = setUp(run);
    const compiled = compile(step, { state: optimizer });
    for (const [i, expected] of run.steps.entries()) {
      await compiled();
      checkNumbers(await x.data(), expected.x, 2e-5, `x after step ${i + 1}`);
      checkNumbers(await y.data(), expected.y, 2e-5, `y after step ${i + 1}`);
    }
    ok(compiled.traces.length === 1);
  });
}

interface Clipping {
  readonly maxNorm: number;
  readonly gradients: readonly FixtureArray[];
  readonly norm: FixtureNumber;
  readonly clipped: readonly (readonly FixtureNumber[])[];
}

for (const row of await readFixture<Clipping>("clipping")) {
  onEachEngine(
    `clipGradNorm(${row.maxNorm}) of gradients of norm ${row.norm} agrees with clip_grad_norm_`,
    async () => {
      const parameters = row.gradients.map((g, i) => new Parameter(zeros(g.shape), `p${i}`));
      const optimizer = new SGD(parameters, { lr: 1 });
      const loss = parameters.map((p, i) => p.mul(toTensor(row.gradients[i]!)).sum()).reduce((a, b) => a.add(b));
      loss.backward();
      checkNumbers(await optimizer.clipGradNorm(row.maxNorm).data(), [row.norm], 1e-5, "norm");
      optimizer.step();
      for (const [i, expected] of row.clipped.entries()) {
        checkNumbers(await parameters[i]!.neg().data(), expected, 1e-5, `gradient ${i}`);
      }
    },
  );
}
