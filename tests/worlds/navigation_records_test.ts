/** Parity with VMAS: what it recorded is what comes out here. */

import assert from "node:assert/strict";
import { compile, Navigation, type NavigationState, scan, type Tensor, tensor, zeros } from "../../mod.ts";
import { onEachEngine, onEngine } from "../engines.ts";
import { actionsIn, motionIn, navigationRecords } from "./records.ts";

const groups = [
  ...navigationRecords("vmas_navigation.jsonl"),
  ...navigationRecords("vmas_navigation_options.jsonl"),
];

/** A batch of the given environments: for each its goals and what it was seen to be in. */
function stateFrom(envs: readonly { goal: number[][]; observation: number[][] }[]): NavigationState {
  const agents = envs[0]!.goal.length;
  const motions = envs.map((x) => motionIn(x.observation));
  const vectors = (rows: readonly number[][]): Tensor =>
    tensor(Float32Array.from(rows.flat()), { shape: [envs.length, agents, 2] });
  return {
    position: vectors(motions.map((x) => x.position)),
    velocity: vectors(motions.map((x) => x.velocity)),
    goal: vectors(envs.map((x) => x.goal.flat())),
    steps: zeros([envs.length], { dtype: "int32" }),
  };
}

async function assertNear(what: string, found: Tensor, expected: readonly number[], tolerance: number): Promise<void> {
  const numbers = await found.data();
  assert.equal(numbers.length, expected.length, what);
  numbers.forEach((x, i) => {
    const near = Math.abs(x - expected[i]!) <= tolerance;
    if (!near) assert.fail(`${what}: ${x} instead of ${expected[i]} at ${i} of [${found.shape}]`);
  });
}

// The trajectories below come by every one of these states, to 1e-5; on a GPU by those of every other world.
onEngine("cpu", "navigation observes, steps, pays and ends from every recorded state as VMAS does", async () => {
  for (const { options, records } of groups) {
    const title = JSON.stringify(options);
    const world = new Navigation(options);
    const step = compile((state: NavigationState, action: Tensor) => {
      const { state: next, reward, terminated, truncated } = world.step(state, action);
      return { before: world.observe(state), observation: world.observe(next), reward, terminated, truncated };
    });
    const steps = records.flatMap(({ goal, observation, steps }) =>
      steps.map((x, i) => ({ ...x, goal, before: i === 0 ? observation : steps[i - 1]!.observation }))
    );
    const state = stateFrom(steps.map(({ goal, before }) => ({ goal, observation: before })));
    const found = await step(state, actionsIn(world.actionKind, steps.map((x) => x.action), steps.length));
    assert.equal(found.observation!.shape[2], world.observationSize);
    await assertNear(`observation before, ${title}`, found.before!, steps.flatMap((x) => x.before.flat()), 1e-5);
    await assertNear(`observation, ${title}`, found.observation!, steps.flatMap((x) => x.observation.flat()), 1e-5);
    await assertNear(`reward, ${title}`, found.reward!, steps.flatMap((x) => x.reward), 1e-5);
    assert.deepEqual(await found.terminated!.toList(), steps.map((x) => x.done), title);
    step.dispose();
  }
});

onEachEngine(
  "navigation follows recorded trajectories of VMAS from their first state, inside a scan",
  async ({ name }) => {
    // A GPU compiles each world anew: every other one has all kinds of goals, rays, rewards, bounds and actions.
    for (const { options, records } of groups.filter((_, i) => name === "cpu" || i % 2 === 0)) {
      const title = JSON.stringify(options);
      const world = new Navigation(options);
      const run = compile((start: NavigationState, actions: Tensor) =>
        scan(
          (state: NavigationState, action: Tensor) => {
            const { state: next, ...rest } = world.step(state, action);
            const observation = world.observe(next);
            return [next, { motion: observation.slice(2, 0, 4), observation, ...rest }];
          },
          start,
          actions,
        )[1]
      );
      const times = records[0]!.steps.map((_, time) => records.map((x) => x.steps[time]!));
      const rows = times.flatMap((envs) => envs.map((x) => x.action));
      const actions = actionsIn(world.actionKind, rows, times.length, records.length);
      const found = await run(stateFrom(records), actions);
      const observed = times.flatMap((envs) => envs.flatMap((x) => x.observation));
      await assertNear(`motion, ${title}`, found.motion!, observed.flatMap((row) => row.slice(0, 4)), 1e-5);
      await assertNear(`observation, ${title}`, found.observation!, observed.flat(), 1e-5);
      await assertNear(`reward, ${title}`, found.reward!, times.flatMap((envs) => envs.flatMap((x) => x.reward)), 1e-5);
      assert.deepEqual(await found.terminated!.toList(), times.map((envs) => envs.map((x) => x.done)), title);
      run.dispose();
    }
  },
);
