/** What a loop carries from step to step, and never reads, costs the same at every step. */

import assert from "node:assert/strict";
import type { Engine, Executable } from "../../lib/engine/engine.ts";
import { topological } from "../../lib/graph/node.ts";
import { useEngine } from "../../lib/engine/select.ts";
import {
  arange,
  gradients,
  locateNonFinite,
  noGrad,
  normal,
  ones,
  Parameter,
  randomKey,
  SGD,
  splitKey,
  stack,
  stopGradient,
  type Tensor,
  tensor,
  Variable,
  where,
  zeros,
} from "../../mod.ts";
import { onEachEngine, onEngine } from "../engines.ts";

const x = tensor([[1, 2], [3, 4], [-1, 0.5]]);

/** From what was carried to what is carried on, and what a step learns from. */
const loops: Readonly<
  Record<string, readonly [from: () => Tensor, next: (w: Parameter, carried: Tensor) => readonly [Tensor, Tensor]]>
> = {
  "a recurrent state": [
    () => zeros([3, 2]),
    (w, state) => {
      const next = state.add(x).matmul(w).tanh();
      return [next.detach("truncated"), next];
    },
  ],
  "a world": [
    () => zeros([3, 2]),
    (w, state) => {
      const next = noGrad(() => state.add(state.matmul(w).mul(0.1)).sin(), "the world goes on");
      return [next, stopGradient(next, "what it has seen").matmul(w)];
    },
  ],
  "a key": [
    () => randomKey(1),
    (w, key) => {
      const [next, own] = splitKey(key) as [Tensor, Tensor];
      return [next, x.add(normal(own, [3, 2])).matmul(w)];
    },
  ],
};

/** Programs that are compiled in the last 40 steps, and what all came to. */
async function carry(engine: Engine, name: string, steps: number, see: (loss: Tensor, carried: Tensor) => unknown) {
  let compiled = 0, before = 0;
  const counted = (program: Executable): Executable => {
    compiled++;
    return program;
  };
  useEngine({
    ...{ name: engine.name, adapter: engine.adapter, liveBytes: () => engine.liveBytes(), dispose: () => {} },
    compile: async (graph) => counted(await engine.compile(graph)),
    ...engine.finishNow && { finishNow: () => engine.finishNow!() },
    ...engine.compileNow && {
      compileNow: (graph) => {
        const program = engine.compileNow!(graph);
        return program && counted(program);
      },
    },
  });
  const [from, next] = loops[name]!;
  const w = new Parameter(tensor([[0.3, -0.2], [0.1, 0.4]]), "w"), optimizer = new SGD([w], { lr: 0.01 });
  let carried = from();
  for (let i = 0; i < steps; i++) {
    if (i === steps - 40) before = compiled;
    const [then, out] = next(w, carried);
    const loss = out.square().mean();
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    carried = then;
    await see(loss, carried);
  }
  return {
    late: compiled - before,
    nodes: topological([carried.node]).length,
    values: [...await carried.data(), ...await w.data()],
  };
}

for (const name of Object.keys(loops)) {
  onEachEngine(
    `${name} that a loop carries along unread costs the same at every step, and is what it is`,
    async (engine) => {
      const unread = await carry(engine, name, 64, (loss) => loss.item());
      assert.equal(unread.late, 0);
      assert.deepEqual(unread.values, (await carry(engine, name, 64, (_, carried) => carried.data())).values);
    },
  );

  onEngine("cpu", `${name} that a loop carries along without reading anything does so, too`, async (engine) => {
    const unread = await carry(engine, name, 160, () => {});
    assert.ok(unread.late <= 2, `${unread.late} programs`);
    assert.deepEqual(unread.values, (await carry(engine, name, 160, (_, carried) => carried.data())).values);
  });
}

/** The derivative of the sum of 50 states by the weights, each state made of the one before, stopped. `see`: what is read at each step. */
async function slopeOfAll(see: (state: Tensor) => Promise<unknown> | null): Promise<readonly number[]> {
  const w = tensor([[0.3, -0.2], [0.1, 0.4]]), states: Tensor[] = [];
  let carried = zeros([3, 2]);
  for (let i = 0; i < 50; i++) {
    const state = carried.add(x).matmul(w).tanh();
    states.push(state);
    carried = state.detach("truncated");
    await see(state);
  }
  const [slope] = gradients(stack(states).sum(), [w]) as [Tensor];
  return [...await slope.data()];
}

onEachEngine(
  "a gradient of all states that a loop has carried, stopped at each step, is whole, whatever it reads",
  async () => {
    const expected = await slopeOfAll(() => null);
    assert.deepEqual(await slopeOfAll((state) => state.data()), expected);
    assert.deepEqual(await slopeOfAll((state) => state.square().mean().item()), expected);
    assert.ok(expected.every((x) => Math.abs(x) > 1));
  },
);

/** A recurrence of 30 steps that reads something else in each; then its derivative by what it began with. */
async function slopeOf(start: Tensor): Promise<number[]> {
  let [carried, total]: Tensor[] = [start.mul(1), tensor(0)];
  for (let i = 0; i < 30; i++) {
    carried = carried!.mul(1.01);
    total = total!.add(carried.sum());
    await (i % 2 === 0 ? total : tensor(1).add(i)).item();
  }
  const [slope] = gradients(carried!.sum(), [start]) as [Tensor];
  return [...await slope.data()];
}

const starts: Readonly<Record<string, () => Tensor>> = {
  "tensor()": () => tensor([1, 2]),
  "a Variable": () => new Variable(tensor([1, 2])),
  "a sum": () => zeros([2]).add(tensor([1, 2])),
  "ones()": () => ones([2]),
  "zeros()": () => zeros([2]),
  "arange(), cast": () => arange(2).cast("float32"),
  "where()": () => where(tensor([true, false]), tensor(1), tensor(2)),
  "a stop": () => stopGradient(tensor([1, 2]).mul(2), "where it begins"),
  "what is expanded": () => tensor(2).expand(2),
};

for (const [name, start] of Object.entries(starts)) {
  onEachEngine(`a gradient goes back through all that a loop carries along, to ${name}`, async () => {
    for (const x of await slopeOf(start())) assert.ok(Math.abs(x - 1.01 ** 30) < 1e-5, `${x}`);
  });
}

onEngine(
  "cpu",
  "what a loop carries along is computed as it was made: what was only expanded stays small",
  async () => {
    let carried = tensor(0);
    const wide: Tensor[] = [];
    for (let i = 0; i < 40; i++) {
      const last = carried.add(i).expand(1000);
      wide.push(last);
      carried = last.mul(0.5).mean();
      await carried.sub(last).max().item();
    }
    assert.equal(wide.filter((x) => x.node.value !== null).length, 0);
  },
);

onEngine("cpu", "what is large and made of little is made again, as before: no loop carries it", async () => {
  const few = tensor([1, 2, 3]).sin(), pairs = few.reshape(3, 1).sub(few.reshape(1, 3)).expand(4000, 3, 3).abs();
  let carried = tensor(0);
  for (let i = 0; i < 40; i++) {
    carried = carried.add(pairs.greater(i * 0.01).cast("float32").mean());
    await carried.mul(1).item();
  }
  assert.equal(pairs.node.value, null);
});

onEachEngine(
  "a loop that carries two states costs the same at every step, whichever it reads first",
  async (engine) => {
    let [a, b] = [zeros([3, 2]), zeros([3, 2])];
    let most = 0;
    const compile = engine.compileNow;
    useEngine({
      ...{ name: engine.name, adapter: engine.adapter, liveBytes: () => engine.liveBytes(), dispose: () => {} },
      compile: (graph) => {
        most = Math.max(most, topological(graph.outputs).length);
        return engine.compile(graph);
      },
      ...engine.finishNow && { finishNow: () => engine.finishNow!() },
      ...compile && {
        compileNow: (graph) => {
          most = Math.max(most, topological(graph.outputs).length);
          return compile.call(engine, graph);
        },
      },
    });
    for (let i = 0; i < 60; i++) {
      a = stopGradient(a.add(x).sin(), "a");
      const first = a.sum();
      b = stopGradient(b.add(x).cos(), "b");
      await b.sum().item();
      await first.item();
    }
    assert.ok(most < 60, `a program of ${most} nodes`);
  },
);

/** The steps of two optimisers from a world that is carried along; one of the first is bad. */
async function besideBad(bad: number, see: (seen: Tensor) => Promise<unknown> | null) {
  const [a, b, mean] = [0, 1, 2].map((i) => new Parameter(tensor([[0.3, -0.2], [0.1, 0.4]]), `w${i}`));
  const [first, second] = [new SGD([a!], { lr: 0.01 }), new SGD([b!], { lr: 0.01 })];
  const ema = new Variable(zeros([3, 2]));
  let world = zeros([3, 2]), told = "";
  for (let i = 0; i < 160; i++) {
    world = noGrad(() => world.add(x.mul(0.01)).sin(), "the world goes on");
    const seen = stopGradient(world, "what it has seen");
    const bare = seen.matmul(a!).square().mean().mul(i === bad ? NaN : 1);
    const other = seen.matmul(b!).square().mean().sqrt();
    for (const [optimizer, loss] of [[first, bare], [second, other]] as const) {
      optimizer.zeroGrad();
      loss.backward();
      optimizer.step();
    }
    ema.assign(ema.mul(0.9).add(world.mul(0.1)));
    try {
      await see(world);
    } catch (error) {
      told += (error as Error).message;
    }
  }
  await assert.rejects(async () => {
    await mean!.data();
    throw new Error(told);
  }, { message: /NaN[^]*before the step/ });
  return [...await b!.data(), ...await ema.data(), ...await world.data()];
}

onEngine("cpu", "a step that goes bad takes back nothing that only began with the same world", async () => {
  assert.deepEqual(await besideBad(140, () => null), await besideBad(140, (world) => world.data()));
});

onEachEngine("a loss that a loop carries on is that of its step", async () => {
  const values = await Promise.all([false, true].map(async (isRead) => {
    const [a, b] = [0, 1].map((i) => new Parameter(tensor([[0.3, -0.2], [0.1, 0.4]]), `w${i}`));
    const [first, second] = [new SGD([a!], { lr: 0.01 }), new SGD([b!], { lr: 0.01 })];
    let mean = tensor(1);
    for (let i = 0; i < 120; i++) {
      const one = x.matmul(a!).square().mean(), two = x.matmul(b!).sub(mean).square().mean().sqrt();
      mean = mean.mul(0.9).add(two.detach("running").mul(0.1));
      for (const [optimizer, loss] of [[first, one], [second, two]] as const) {
        optimizer.zeroGrad();
        loss.backward();
        optimizer.step();
      }
      if (isRead) await mean.item();
    }
    return [...await a!.data(), ...await b!.data(), await mean.item()];
  }));
  assert.deepEqual(values[0], values[1]);
});

onEachEngine("losses that were kept are read though one was infinite", async () => {
  const w = new Parameter(tensor([[0.3, -0.2], [0.1, 0.4]]), "w"), losses: Tensor[] = [];
  for (let i = 0; i < 12; i++) {
    const loss = x.mul(i === 2 ? 1e30 : 1).matmul(w).square().mean().mul(1.5);
    loss.backward();
    w.grad = null;
    losses.push(loss);
    await tensor(1).add(i).item();
  }
  const told = await stack(losses.map((loss) => loss.detach("told").mul(2))).data();
  assert.deepEqual([told.indexOf(Infinity), told.filter(Number.isFinite).length], [2, 11]);
});

onEngine("cpu", "what a loop has stopped forty steps ago is told where it was stopped, whatever it reads", async () => {
  for (const see of [(z: Tensor) => z.data(), (z: Tensor) => z.square().sum().item(), () => null]) {
    const [enc, dyn] = ["enc", "dyn"].map((name) => new Parameter(tensor([[0.3, -0.2], [0.1, 0.4]]), name));
    const optimizer = new SGD([enc!, dyn!], { lr: 0.01 });
    let z = x.matmul(enc!);
    for (let i = 0; i < 40; i++) {
      z = z.matmul(dyn!).add(0.1).tanh().detach(); // here
      await see(z);
    }
    await assert.rejects(async () => {
      optimizer.zeroGrad();
      z.matmul(dyn!).square().mean().backward();
      optimizer.step();
      await dyn!.data();
    }, { message: /G101[^]*`enc`[^]*detach\(\)[^]*\/\/ here/ });
  }
});

onEngine("cpu", "what made a bad number forty steps ago is found, whatever the loop reads", async () => {
  for (const see of [(s: Tensor) => s.data(), (s: Tensor) => s.sum().item(), () => null]) {
    let s = zeros([3, 2]);
    for (let i = 0; i < 60; i++) {
      s = noGrad(() => s.add(x.mul(i === 20 ? -5 : 0.01)).add(3).log().abs().add(0.1), "a world");
      await see(s);
    }
    assert.equal((await locateNonFinite(s))?.op, "log");
  }
});
