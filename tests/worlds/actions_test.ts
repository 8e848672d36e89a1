/** Discrete actions: a choice of one of nine pushes. */

import assert from "node:assert/strict";
import {
  BuzzWire,
  type Environment,
  gradients,
  Navigation,
  randomKey,
  ReverseTransport,
  tensor,
  Wheel,
  zeros,
} from "../../mod.ts";
import { onEachEngine } from "../engines.ts";

const scenarios: readonly ((continuousActions: boolean) => Environment)[] = [
  (continuousActions) => new Navigation({ nAgents: 2, continuousActions }) as Environment,
  (continuousActions) => new Wheel({ nAgents: 2, continuousActions }) as unknown as Environment,
  (continuousActions) => new ReverseTransport({ nAgents: 2, continuousActions }) as unknown as Environment,
  (continuousActions) => new BuzzWire({ continuousActions }) as unknown as Environment,
];

/** Choice 3 x + y, where 0 is to stay, 1 the negative and 2 the positive direction. */
const pushes = [[0, 0], [0, -1], [0, 1], [-1, 0], [-1, -1], [-1, 1], [1, 0], [1, -1], [1, 1]] as const;

onEachEngine("each of the nine choices pushes an agent as VMAS's Discrete(9) does, in every scenario", async () => {
  for (const make of scenarios) {
    const [free, chosen] = [make(true), make(false)];
    assert.deepEqual([free.actionKind, free.actionSize], ["continuous", 2]);
    assert.deepEqual([chosen.actionKind, chosen.actionSize], ["discrete", 9]);
    const start = free.reset(randomKey(1), 9);
    const choice = tensor(pushes.map((_, i) => [i, 8 - i]), { dtype: "int32" });
    const push = tensor(pushes.map((x, i) => [[...x], [...pushes[8 - i]!]]));
    const found = chosen.observe(chosen.step(start, choice).state);
    const expected = free.observe(free.step(start, push).state);
    assert.deepEqual(await found.toList(), await expected.toList(), chosen.name);
  }
});

onEachEngine("a choice that there is not is the nearest one that there is", async () => {
  const world = new Wheel({ nAgents: 2, continuousActions: false });
  const start = world.reset(randomKey(1), 1);
  const after = async (...choices: number[]) =>
    await world.step(start, tensor([choices], { dtype: "int32" })).state.velocity.toList();
  assert.deepEqual(await after(-3, 12), await after(0, 8));
});

Deno.test("actions of another shape or dtype are refused, not broadcast", () => {
  const takes = {
    continuous: "two numbers for each agent, float32 [env 3, agent 2, 2]",
    discrete: "one choice from 0 to 8 for each agent, int32 [env 3, agent 2]",
  };
  for (const make of scenarios) {
    for (const kind of ["continuous", "discrete"] as const) {
      const world = make(kind === "continuous");
      const start = world.reset(randomKey(1), 3);
      for (const shape of [[3, 2, 1], [1, 2, 2], [2], [3, 3, 2], [3, 1], [1, 2], [3, 2], [3, 2, 2]]) {
        for (const dtype of ["float32", "int32"] as const) {
          const right = kind === "continuous" ? `${shape}` === "3,2,2" : `${shape}` === "3,2";
          if (right && dtype === (kind === "continuous" ? "float32" : "int32")) continue;
          assert.throws(() => world.step(start, zeros(shape, { dtype })), {
            name: "TypeError",
            message: `${world.name}: an action here is ${takes[kind]}; step() was given ${dtype} [${
              shape.join(", ")
            }].`,
          });
        }
      }
    }
  }
});

onEachEngine("an action at the end of its range passes its gradient whole, one beyond passes none", async () => {
  const world = new Wheel({ nAgents: 1, desiredVelocity: 0 });
  const start = world.reset(randomKey(1), 3);
  const action = tensor([[[1, -1]], [[0.5, -0.5]], [[1.01, -1.01]]]);
  const [gradient] = gradients(world.step(start, action).state.velocity.sum(), [action]);
  const perNewton = Math.fround(0.1) * 0.6;
  const [end, middle, beyond] = (await gradient!.toList() as number[][][]).map((x) => x[0]!);
  for (const x of [...end!, ...middle!]) assert.ok(Math.abs(x - perNewton) < 1e-7, `${end}, ${middle}`);
  assert.deepEqual(beyond, [0, 0]);
});
