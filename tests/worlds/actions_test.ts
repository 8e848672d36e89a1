/** Discrete actions: a choice of one of nine pushes. */

import assert from "node:assert/strict";
import { BuzzWire, type Environment, Navigation, randomKey, ReverseTransport, tensor, Wheel } from "../../mod.ts";
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
