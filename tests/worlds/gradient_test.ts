/** Gradients through the physics of `navigation`. */

import assert from "node:assert/strict";
import { gradients, Navigation, type NavigationState, scan, type Tensor, tensor, zeros } from "../../mod.ts";
import { interpretNodes } from "../oracle.ts";
import { onEachEngine } from "../engines.ts";

const steps = 50;
const discount = 0.97;

/** Three agents on their way, 0.24 to 0.3 apart at the nearest: they sense each other and do not touch. */
function passing(): NavigationState {
  return {
    position: tensor([[[0, 0], [0.25, 0.12], [-0.3, 0.1]]]),
    velocity: tensor([[[0.2, 0.1], [0.25, 0.05], [0.15, 0.1]]]),
    goal: tensor([[[0.9, 0.3], [1.1, 0.6], [0.5, 0.5]]]),
    steps: zeros([1], { dtype: "int32" }),
  };
}

/** The discounted return under actions that answer to the observation: lidar and goal are in the derivative. */
function returnOf(world: Navigation, start: NavigationState, first: Tensor): Tensor {
  const act = (state: NavigationState): Tensor => {
    const seen = world.observe(state);
    return seen.slice(2, 4, 6).mul(-0.6).sub(seen.slice(2, 6).mean(2, true).mul(0.5));
  };
  const begun = world.step(start, first);
  const weights = tensor(Float32Array.from({ length: steps - 1 }, (_, i) => discount ** (i + 1)));
  const [, rewards] = scan(
    (state: NavigationState, weight: Tensor) => {
      const { state: next, reward, ...ends } = world.step(state, act(state));
      return [next, { reward: reward.mul(weight), ...ends }];
    },
    begun.state,
    weights,
  );
  return begun.reward.sum().add(rewards.reward!.sum());
}

const firstActions = [0.3, -0.2, 0.1, 0.4, 0.2, -0.1];

Deno.test("the gradient of a return of 50 steps by the first actions agrees with finite differences", () => {
  const world = new Navigation({ nAgents: 3 });
  const first = tensor(Float32Array.from(firstActions), { shape: [1, 3, 2] });
  const value = returnOf(world, passing(), first);
  const [gradient] = gradients(value, [first]);
  const [exact] = interpretNodes([gradient!.node]);
  const at = (actions: readonly number[]): number =>
    interpretNodes([value.node], new Map([[first.node, actions]]))[0]![0]!;
  const numeric = firstActions.map((_, i) => {
    const moved = (by: number): number[] => firstActions.map((x, k) => Math.fround(x) + (k === i ? by : 0));
    return (at(moved(1e-6)) - at(moved(-1e-6))) / 2e-6;
  });
  numeric.forEach((x, i) => {
    assert.ok(Math.abs(x) > 1e-4, `the return does not depend on action ${i}`);
    assert.ok(Math.abs(x - exact![i]!) < 1e-6 * Math.max(1, Math.abs(x)), `action ${i}: ${exact![i]} and ${x}`);
  });
});

onEachEngine("the gradient of a return of 50 steps is the same on both engines", async () => {
  const world = new Navigation({ nAgents: 3 });
  const first = tensor(Float32Array.from(firstActions), { shape: [1, 3, 2] });
  const [gradient] = gradients(returnOf(world, passing(), first), [first]);
  const [exact] = interpretNodes([gradient!.node]);
  const found = await gradient!.data();
  found.forEach((x, i) => assert.ok(Math.abs(x - exact![i]!) < 1e-4, `action ${i}: ${x} instead of ${exact![i]}`));
});

onEachEngine(
  "gradients are finite where agents coincide, touch, stand on their goals or are pushed at full force",
  async () => {
    const world = new Navigation({ nAgents: 4, enforceBounds: true });
    const positions = [
      [[0, 0], [0, 0], [0.5, 0.5], [0.5, 0.5 + 1e-7]],
      [[0, 0], [0.2, 0], [0.2, 0.2], [0.05, 0.05]],
      [[1, 1], [-1, 1], [1, -1], [-1, -1]],
      [[1e-20, 0], [0, 1e-20], [0.3, 0], [0.3, 0.1]],
    ];
    const start: NavigationState = {
      position: tensor(positions),
      velocity: zeros([4, 4, 2]),
      goal: tensor(positions),
      steps: zeros([4], { dtype: "int32" }),
    };
    for (const force of [0, 1]) {
      const action = tensor(new Float32Array(32).fill(force), { shape: [4, 4, 2] });
      const { state, reward } = world.step(start, action);
      const loss = reward.sum().add(world.observe(state).square().sum());
      for (const gradient of gradients(loss, [action, start.position, start.velocity, start.goal])) {
        const numbers = await gradient.data();
        assert.ok(numbers.every(Number.isFinite), `force ${force}: ${numbers}`);
      }
    }
  },
);
