/** Compiled programs give what the same code gives uncompiled, step after step. */

import { ok, strictEqual } from "node:assert";
import {
  Adam,
  AdamW,
  checkpoint,
  compile,
  concat,
  Generator,
  gradients,
  HostRandom,
  hvp,
  LayerNorm,
  LSTM,
  MLP,
  normal,
  Parameter,
  scan,
  SGD,
  type Stateful,
  type Tensor,
  tensor,
  Variable,
  where,
  zeros,
} from "../../mod.ts";
import { onEachEngine, onEngine } from "../engines.ts";
import { checkNumbers } from "../fixtures/pytorch.ts";

/** A program: its state and one step, which gives what is to be compared. */
interface Program {
  readonly state: Stateful | readonly Stateful[];
  readonly step: (x: Tensor) => Tensor;
}

const inputs = new HostRandom(1);
const batches = Array.from({ length: 5 }, () => tensor(inputs.uniform(6 * 4, -1, 1), { shape: [6, 4] }));

/** Every variable's numbers after a step are part of what is compared. */
function variables({ state }: Program): Variable[] {
  const list = Array.isArray(state) ? state as readonly Stateful[] : [state as Stateful];
  return [...new Set(list.flatMap((x) => x.variables()))];
}

const programs: Readonly<Record<string, () => Program>> = {
  "an MLP with Adam and clipping": () => {
    const model = new MLP([4, 8, 8, 3], new HostRandom(2));
    const optimizer = new Adam(model.parameters(), { lr: 0.01 });
    const step = (x: Tensor): Tensor => {
      const loss = model.forward(x).square().mean();
      optimizer.zeroGrad();
      loss.backward();
      const norm = optimizer.clipGradNorm(0.05);
      optimizer.step();
      return concat([loss.reshape(1), norm.reshape(1)]);
    };
    return { state: [model, optimizer], step };
  },
  "an LSTM through time with resets": () => {
    const layer = new LSTM(2, 3, new HostRandom(3));
    const optimizer = new AdamW(layer.parameters(), { lr: 0.02 });
    const step = (x: Tensor): Tensor => {
      const sequence = x.reshape(6, 2, 2);
      const [hidden] = layer.run(sequence, layer.initialState(2), sequence.select(-1, 0).greater(0.5));
      const loss = hidden.square().sum();
      optimizer.zeroGrad();
      loss.backward();
      optimizer.step();
      return loss;
    };
    return { state: [layer, optimizer], step };
  },
  "noise from a generator, a counter and a moving average": () => {
    const random = new Generator(9);
    const count = new Variable(tensor(0, { dtype: "int32" }), "count");
    const average = new Variable(zeros([6, 4]), "average");
    const step = (x: Tensor): Tensor => {
      const noisy = x.add(random.normal([6, 4]).mul(0.1));
      count.assign(count.add(1));
      average.assign(average.mul(0.9).add(noisy.mul(0.1)));
      return where(random.uniform([6, 4]).less(0.5), average, noisy).mul(count.cast("float32"));
    };
    return { state: [random, count, average], step };
  },
  "integers: argmax, gather, scatter and a table": () => {
    const table = new Variable(zeros([4, 3]), "table");
    const step = (x: Tensor): Tensor => {
      const best = x.argmax(1);
      const rows = table.take(best, 0);
      const change = x.slice(1, 0, 3).sub(rows.mul(0.5));
      const index = best.unsqueeze(1).expand(6, 3);
      table.assign(table.scatterAdd(0, index, change));
      return rows.add(best.unsqueeze(1).cast("float32"));
    };
    return { state: table, step };
  },
  "physics: a scan inside a loss, differentiated": () => {
    const gain = new Parameter(tensor([0.5, -0.3, 0.2, 0.1]), "gain");
    const optimizer = new SGD([gain], { lr: 0.05, momentum: 0.9 });
    const step = (x: Tensor): Tensor => {
      const [last, path] = scan(
        ({ position, velocity }: { position: Tensor; velocity: Tensor }, push: Tensor) => {
          const force = push.sub(position.mul(gain)).clamp(-1, 1);
          const next = { velocity: velocity.mul(0.9).add(force.mul(0.1)), position: position.add(velocity.mul(0.1)) };
          return [next, next.position];
        },
        { position: x, velocity: zeros([6, 4]) },
        tensor([0.1, 0.5, -0.2, 0.3]),
      );
      const loss = last.position.square().mean().add(path.abs().mean());
      optimizer.zeroGrad();
      loss.backward();
      optimizer.step();
      return loss;
    };
    return { state: [gain, optimizer], step };
  },
  "second order: a Hessian-vector product and a checkpointed layer norm": () => {
    const w = new Variable(tensor(new HostRandom(4).uniform(16, -0.5, 0.5), { shape: [4, 4] }), "w");
    const norm = new LayerNorm(4);
    const step = (x: Tensor): Tensor => {
      const layer = checkpoint((v: Tensor) => norm.forward(x.matmul(v)).tanh());
      const loss = (v: Tensor): Tensor => layer(v).square().mean();
      const direction = gradients(loss(w), [w])[0]!;
      const curvature = hvp(loss, w, direction);
      w.assign(w.sub(direction.mul(0.1)).sub(curvature.mul(0.01)));
      return curvature;
    };
    return { state: [w, norm], step };
  },
  "a random key that is state and never split": () => {
    const total = new Variable(zeros([6, 4]), "total");
    const key = new Variable(new HostRandom(8).key(), "key");
    const step = (x: Tensor): Tensor => {
      total.assign(total.add(normal(key, [6, 4]).mul(x)));
      return total.softmax(1);
    };
    return { state: [total, key], step };
  },
};

for (const [name, make] of Object.entries(programs)) {
  onEachEngine(`${name}: five compiled steps equal five uncompiled ones`, async () => {
    const [plain, other] = [make(), make()];
    const compiled = compile((x: Tensor) => other.step(x), { state: other.state });
    for (const [i, x] of batches.entries()) {
      const expected = plain.step(x);
      const found = await compiled(x);
      checkNumbers(await found.data(), [...await expected.data()], 2e-5, `result of step ${i}`);
      const after = variables(other);
      for (const [k, variable] of variables(plain).entries()) {
        const numbers = [...await variable.data()];
        checkNumbers(await after[k]!.data(), numbers, 2e-5, `${variable.name} after step ${i}`);
      }
    }
    strictEqual(compiled.traces.length, 1);
    ok(compiled.listing().length > 0);
    compiled.dispose();
  });
}

onEachEngine("arguments of other shapes are traced again, and old shapes are not", async () => {
  const sum = compile((x: Tensor) => x.square().sum());
  for (const n of [2, 3, 2, 3, 5]) {
    strictEqual(await (await sum(tensor(new Float32Array(n).fill(2)))).item(), 4 * n);
  }
  strictEqual(sum.traces.length, 3);
});

onEngine("cpu", "of many shapes the sixteen used last are kept", async () => {
  const next = compile((x: Tensor) => x.add(1));
  for (let n = 1; n <= 16; n++) await next(zeros([n]));
  await next(zeros([1]));
  await next(zeros([17]));
  strictEqual(next.listing().length, 16);
  for (const n of [1, 3, 17]) await next(zeros([n]));
  strictEqual(next.traces.length, 17);
  await next(zeros([2]));
  strictEqual(next.traces.length, 18);
});

onEachEngine("the same program gives the same bits twice", async () => {
  const run = async (): Promise<string> => {
    const program = programs["an MLP with Adam and clipping"]!();
    const compiled = compile(program.step, { state: program.state });
    for (const x of batches) await compiled(x);
    return (await Promise.all(variables(program).map((x) => x.data()))).map((x) => x.join()).join();
  };
  strictEqual(await run(), await run());
});
