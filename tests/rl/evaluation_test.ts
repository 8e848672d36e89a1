import assert from "node:assert/strict";
import { compile } from "../../lib/compile/compile.ts";
import { Evaluator, play } from "../../lib/rl/evaluation.ts";
import { tensor, zeros } from "../../lib/tensor/creation.ts";
import { where } from "../../lib/tensor/functions.ts";
import { randomInt, randomKey } from "../../lib/tensor/random.ts";
import type { Tensor } from "../../lib/tensor/tensor.ts";
import { controllerOf } from "../../lib/worlds/controllers.ts";
import type { Environment } from "../../lib/worlds/environment.ts";
import { onEachEngine, onEngine } from "../engines.ts";

type Fuse = { readonly left: Tensor; readonly steps: Tensor };

/**
 * An episode of 1 to 12 steps, or of `maxSteps` if that is less; each step pays 1 to the one agent and 3 to the other, and
 * what comes after the end is not a number.
 */
function fuses(maxSteps: number): Environment<Fuse> {
  const world: Environment<Fuse> = {
    name: "fuses",
    agents: 2,
    observationSize: 1,
    actionKind: "continuous",
    actionSize: 1,
    maxSteps,
    reset: (key, envs) => ({ left: randomInt(key, [envs], 1, 13), steps: zeros([envs], { dtype: "int32" }) }),
    observe: ({ left }) => left.cast("float32").reshape(-1, 1, 1).expand(-1, 2, -1),
    step({ left, steps }) {
      const state = { left: left.sub(1), steps: steps.add(1) };
      const terminated = state.left.equal(0);
      const pay = where(state.left.less(0), NaN, 1).unsqueeze(1);
      return {
        state,
        reward: pay.mul(tensor([[1, 3]])),
        terminated,
        truncated: state.steps.greaterEqual(maxSteps).and(terminated.not()),
      };
    },
  };
  return world;
}

const idle = (observation: Tensor): Tensor => observation.mul(0);
const mean = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => a + b) / values.length;

onEachEngine(
  "an evaluation plays each episode once and to its end, however short, and nothing after it counts",
  async () => {
    const evaluator = new Evaluator(fuses(8), idle);
    const { reward, length, terminated } = await evaluator.run(300, 7);
    assert.deepEqual([reward.length, length.length, terminated.length], [300, 300, 300]);
    assert.deepEqual(Array.from(reward), Array.from(length, (steps) => 2 * steps));
    assert.ok(length.every((steps, i) => steps >= 1 && (terminated[i] ? steps <= 8 : steps === 8)));
    // Lengths are uniform on 1 to 12, cut at 8: mean 5.667, deviation 2.4. Counting episodes as they end would give less.
    assert.ok(Math.abs(mean(length) - 68 / 12) < 4 * 2.4 / Math.sqrt(300), `${mean(length)}`);
    assert.ok(Math.abs(mean(terminated) - 8 / 12) < 4 * 0.47 / Math.sqrt(300), `${mean(terminated)}`);
    evaluator.dispose();
  },
);

onEngine(
  "cpu",
  "evaluations with one seed agree, with another they differ, and every block has its own starts",
  async () => {
    const evaluator = new Evaluator(fuses(12), idle);
    const [a, again, b] = [await evaluator.run(514, 3), await evaluator.run(514, 3), await evaluator.run(514, 4)];
    assert.deepEqual(a, again);
    assert.notDeepEqual(a.length, b.length);
    const blocks = [0, 172, 344].map((start) => a.length.slice(start, start + 170).join());
    assert.equal(new Set(blocks).size, 3);
    evaluator.dispose();
  },
);

onEngine("cpu", "a metric that begins after some steps leaves those out, unless an episode has no more", async () => {
  const world: Environment<Fuse> = {
    ...fuses(12),
    metrics: { late: { reduction: "mean", after: 4 }, latest: { reduction: "max", after: 4 }, all: "mean" },
    measure: ({ steps }) => {
      const seen = steps.cast("float32");
      return { late: seen, latest: seen, all: seen };
    },
  };
  const { length, metrics } = await new Evaluator(world, idle).run(100, 2);
  assert.ok(length.some((steps) => steps < 4) && length.some((steps) => steps > 4));
  length.forEach((steps, i) => {
    // After each of its steps an episode sees how many there were.
    const first = steps > 4 ? 5 : 1;
    assert.ok(Math.abs(metrics!.late![i]! - (first + steps) / 2) < 1e-5, `${steps}: ${metrics!.late![i]}`);
    assert.equal(metrics!.latest![i], steps);
    assert.ok(Math.abs(metrics!.all![i]! - (1 + steps) / 2) < 1e-5);
  });
});

onEngine("cpu", "two controllers meet the same starts", async () => {
  const world = fuses(12);
  const evaluators = [new Evaluator(world, idle), new Evaluator(world, controllerOf(world, "random"))];
  const [a, b] = await Promise.all(evaluators.map((evaluator) => evaluator.run(40, 0)));
  assert.deepEqual(a!.length, b!.length);
  for (const evaluator of evaluators) evaluator.dispose();
});

onEachEngine(
  "play() shows each step as it was acted on, and says to the last whether the episode was still on",
  async () => {
    const world = fuses(8);
    const program = compile((key: Tensor) =>
      play(
        world,
        (observation) => observation.mul(10),
        key,
        20,
        ({ observation, action, reward, state, running }) => ({
          ...{ left: observation.select(-1, 0), action: action.select(-1, 0), after: state.left, running },
          reward: where(running.unsqueeze(1), reward, 0),
        }),
      ), { checkNumerics: false });
    const { first, seen, reward, length } = await program(randomKey(5));
    const list = async (x: Tensor) => await x.toList() as number[][];
    const [running, after, steps] = [await list(seen.running), await list(seen.after), await length.data()];
    const start = await first.left.data();
    running.forEach((row, t) => row.forEach((on, env) => assert.equal(Boolean(on), t < steps[env]!)));
    after.forEach((row, t) => row.forEach((left, env) => assert.equal(left, start[env]! - t - 1)));
    const [left, action, paid] = [seen.left, seen.action, seen.reward].map((x) => x.toList() as Promise<number[][][]>);
    (await left!).forEach((row, t) =>
      row.forEach((pair, env) => assert.deepEqual(pair, [start[env]! - t, start[env]! - t]))
    );
    assert.deepEqual(await action, (await left!).map((row) => row.map((pair) => pair.map((x) => 10 * x))));
    const sums = (await paid!).reduce((sum, row) => sum.map((x, env) => x + (row[env]![0]! + row[env]![1]!) / 2), [
      ...new Array<number>(20).fill(0),
    ]);
    assert.deepEqual(sums, Array.from(await reward.data()));
    program.dispose();
  },
);
