/** What a loop carries from step to step, and never reads, costs the same at every step. */

import assert from "node:assert/strict";
import type { Engine, Executable } from "../../lib/engine/engine.ts";
import { topological } from "../../lib/graph/node.ts";
import { useEngine } from "../../lib/engine/select.ts";
import {
  gradients,
  noGrad,
  normal,
  Parameter,
  randomKey,
  SGD,
  splitKey,
  stopGradient,
  type Tensor,
  tensor,
  Variable,
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

/** Programs that are compiled in the last 20 steps, the nodes behind what is carried, and what all came to. */
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
    if (i === steps - 20) before = compiled;
    const [then, out] = next(w, carried);
    const loss = out.square().mean();
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    carried = then;
    await see(loss, carried);
  }
  const late = compiled - before, nodes = topological([carried.node]).length;
  return { late, nodes, values: [...await carried.data(), ...await w.data()] };
}

for (const name of Object.keys(loops)) {
  onEachEngine(
    `${name} that a loop carries along unread costs the same at every step, and is what it is`,
    async (engine) => {
      const unread = await carry(engine, name, 40, (loss) => loss.item());
      assert.equal(unread.late, 0);
      assert.ok(unread.nodes < 300, `${unread.nodes} nodes`);
      assert.deepEqual(unread.values, (await carry(engine, name, 40, (_, carried) => carried.data())).values);
    },
  );

  onEngine("cpu", `${name} that a loop carries along without reading anything does so, too`, async (engine) => {
    const unread = await carry(engine, name, 160, () => {});
    assert.ok(unread.late <= 2, `${unread.late} programs`);
    assert.deepEqual(unread.values, (await carry(engine, name, 160, (_, carried) => carried.data())).values);
  });
}

onEachEngine("a gradient goes back through all that a loop carries along, whatever it reads of it", async () => {
  for (const start of [tensor([1, 2]), new Variable(tensor([1, 2])), zeros([2]).add(tensor([1, 2]))]) {
    let [carried, total]: Tensor[] = [start.mul(1), tensor(0)];
    for (let i = 0; i < 30; i++) {
      carried = carried!.mul(1.01);
      total = total!.add(carried.sum());
      await (i % 2 === 0 ? total : tensor(1).add(i)).item();
    }
    const [slope] = gradients(carried!.sum(), [start]) as [Tensor];
    for (const x of await slope.data()) assert.ok(Math.abs(x - 1.01 ** 30) < 1e-5, `${x}`);
  }
});
