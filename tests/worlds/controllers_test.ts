/** Controllers that need no learning, on every scenario. */

import assert from "node:assert/strict";
import {
  BuzzWire,
  compile,
  controllerOf,
  type Environment,
  Navigation,
  play,
  randomKey,
  ReverseTransport,
  type Tensor,
  Wheel,
} from "../../mod.ts";
import { onEachEngine, onEngine } from "../engines.ts";

const scenarios: readonly ((continuousActions: boolean) => Environment)[] = [
  (continuousActions) => new Navigation({ nAgents: 3, continuousActions }) as Environment,
  (continuousActions) => new Wheel({ nAgents: 3, continuousActions }) as unknown as Environment,
  (continuousActions) => new ReverseTransport({ nAgents: 3, continuousActions }) as unknown as Environment,
  (continuousActions) => new BuzzWire({ continuousActions }) as unknown as Environment,
];

onEachEngine("random and heuristic give actions that their worlds take, continuous or discrete", async () => {
  for (const make of scenarios) {
    for (const [continuous, size] of [[true, [2]], [false, []]] as const) {
      const world = make(continuous);
      for (const name of ["random", "heuristic"] as const) {
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

onEngine(
  "cpu",
  "the heuristic of navigation brings all agents to their goals, and half of the teams where it has nine choices",
  async () => {
    for (const [continuousActions, least] of [[true, 0.99], [false, 0.4]] as const) {
      const world = new Navigation({ nAgents: 3, continuousActions });
      const control = controllerOf(world, "heuristic");
      const watch = compile((key: Tensor) => play(world, control, key, 200, () => []));
      const { terminated } = await watch(randomKey(5));
      const arrived = await terminated.cast("float32").mean().item() as number;
      assert.ok(arrived >= least, `arrived ${arrived}, numbers: ${continuousActions}`);
      watch.dispose();
    }
  },
);

Deno.test("a controller that there is not is refused by name", () => {
  assert.throws(() => controllerOf(new Wheel(), "heuristics" as "heuristic"), {
    name: "RangeError",
    message:
      "there is no controller `heuristics`; there are random and heuristic and stanley and pure_pursuit and lqr and ilqr.",
  });
});

Deno.test("a world without a heuristic is refused with a sentence", () => {
  assert.throws(() => controllerOf({ name: "maze", actionKind: "discrete", actionSize: 3 }, "heuristic"), {
    name: "RangeError",
    message: "there is no heuristic for `maze`; there is one for navigation, reverse_transport, wheel, buzz_wire.",
  });
});
