/** Controllers that need no learning, on every scenario. */

import assert from "node:assert/strict";
import {
  BuzzWire,
  controllerNames,
  controllerOf,
  type Environment,
  Navigation,
  randomKey,
  ReverseTransport,
  Wheel,
} from "../../mod.ts";
import { onEachEngine } from "../engines.ts";

const scenarios: readonly ((continuousActions: boolean) => Environment)[] = [
  (continuousActions) => new Navigation({ nAgents: 3, continuousActions }) as Environment,
  (continuousActions) => new Wheel({ nAgents: 3, continuousActions }) as unknown as Environment,
  (continuousActions) => new ReverseTransport({ nAgents: 3, continuousActions }) as unknown as Environment,
  (continuousActions) => new BuzzWire({ continuousActions }) as unknown as Environment,
];

onEachEngine("every controller gives actions that its world takes, continuous or discrete", async () => {
  for (const make of scenarios) {
    for (const [continuous, size] of [[true, [2]], [false, []]] as const) {
      const world = make(continuous);
      for (const name of controllerNames) {
        const state = world.reset(randomKey(3), 20);
        const action = controllerOf(world, name)(world.observe(state), randomKey(4));
        assert.deepEqual([action.dtype, action.shape], [continuous ? "float32" : "int32", [20, world.agents, ...size]]);
        const numbers = [...await action.data()].map(Number);
        const [low, high] = continuous ? [-1, 1] : [0, 8];
        assert.ok(numbers.every((x) => x >= low && x <= high), `${world.name}, ${name}: ${numbers}`);
        assert.ok(new Set(numbers).size > 1, `${world.name}, ${name}: ${numbers}`);
        assert.equal(world.step(state, action).reward.shape[1], world.agents);
      }
    }
  }
});

Deno.test("a world without a heuristic is refused with a sentence", () => {
  assert.throws(() => controllerOf({ name: "maze", actionKind: "discrete", actionSize: 3 }, "heuristic"), {
    name: "RangeError",
    message: "there is no heuristic for `maze`; there is one for navigation, reverse_transport, wheel, buzz_wire.",
  });
});
