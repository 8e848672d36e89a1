import assert from "node:assert/strict";
import { createTrainer } from "../../lib/train/look/target.ts";
import { createEnvironment, defaults, newConfig, parseConfig } from "./particle.ts";
import { UsageError } from "../../lib/systems/usage.ts";

Deno.test("createTrainer() says what a world refuses as a fault of the command", async () => {
  const config = parseConfig({ ...defaults, nAgents: 40, device: "cpu" });
  const sentence =
    "navigation: 40 agents and 40 goals, 0.25 apart, do not fit into a world of 2 x 2: take fewer or smaller " +
    "agents, or a larger world.";
  await assert.rejects(createTrainer(config), (error) => error instanceof UsageError && error.message === sentence);
});

for (const scenarioName of ["navigation", "wheel", "reverse_transport", "buzz_wire"] as const) {
  Deno.test(`a configuration of ${scenarioName} makes its world, with either kind of actions`, () => {
    for (const actions of ["continuous", "discrete"] as const) {
      const config = newConfig({ scenarioName, actions, maxSteps: 70, actionRepeat: 1 });
      const { name, agents, maxSteps, actionKind } = createEnvironment(config);
      assert.deepEqual([name, agents, maxSteps, actionKind], [scenarioName, config.nAgents, 70, actions]);
    }
  });

  Deno.test(`a configuration of ${scenarioName} in which actions are held has an action for every so many steps`, () => {
    const { name, maxSteps, framesPerStep } = createEnvironment(
      newConfig({ scenarioName, maxSteps: 70, actionRepeat: 3 }),
    );
    assert.deepEqual([name, maxSteps, framesPerStep], [scenarioName, 24, 3]);
  });
}
