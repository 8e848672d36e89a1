/** Controllers that need no learning, on every scenario. */

import assert from "node:assert/strict";
import {
  BuzzWire,
  compile,
  controllerNames,
  controllerOf,
  type Environment,
  Navigation,
  randomKey,
  ReverseTransport,
  scan,
  type Tensor,
  Wheel,
  where,
  zeros,
} from "../../mod.ts";
import { onEachEngine, onEngine } from "../engines.ts";

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

onEngine(
  "cpu",
  "the heuristic of navigation brings agents to their goals around each other, with numbers and choices",
  async () => {
    const envs = 200;
    for (const continuousActions of [true, false]) {
      const world = new Navigation({ nAgents: 3, continuousActions });
      const control = controllerOf(world, "heuristic");
      const play = compile((key: Tensor) => {
        const [end] = scan(
          ({ state, over, sum }, _: Tensor) => {
            const { state: next, reward, terminated } = world.step(state, control(world.observe(state), key));
            const now = { state: next, over: over.or(terminated), sum: sum.add(where(over, 0, reward.mean(1))) };
            return [now, { paid: reward.sum() }];
          },
          {
            state: world.reset(key, envs),
            over: zeros([envs], { dtype: "bool" }).named("env"),
            sum: zeros([envs]).named("env"),
          },
          zeros([world.maxSteps]),
        );
        return { arrived: end.over.cast("float32").mean(), score: end.sum.mean() };
      });
      const { arrived, score } = await play(randomKey(5));
      // A collision-blind controller has 1.2; 3.26 is the distance from the starts to the goals.
      assert.ok((await score.item() as number) > 2.8, `score ${await score.item()}, numbers: ${continuousActions}`);
      assert.ok(
        (await arrived.item() as number) > 0.93,
        `arrived ${await arrived.item()}, numbers: ${continuousActions}`,
      );
      play.dispose();
    }
  },
);

Deno.test("a world without a heuristic is refused with a sentence", () => {
  assert.throws(() => controllerOf({ name: "maze", actionKind: "discrete", actionSize: 3 }, "heuristic"), {
    name: "RangeError",
    message: "there is no heuristic for `maze`; there is one for navigation, reverse_transport, wheel, buzz_wire.",
  });
});
