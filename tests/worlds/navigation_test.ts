import assert from "node:assert/strict";
import {
  compile,
  mapTree,
  Navigation,
  type NavigationOptions,
  type NavigationState,
  randomKey,
  resetWhere,
  scan,
  type Tensor,
  tensor,
  uniform,
  zeros,
} from "../../mod.ts";
import { onEachEngine } from "../engines.ts";

type Rows = readonly (readonly [number, number])[];

/** One environment. */
function state(position: Rows, goal: Rows, rest: { velocity?: Rows; steps?: number } = {}): NavigationState {
  return {
    position: tensor([position]),
    velocity: tensor([rest.velocity ?? position.map(() => [0, 0])]),
    goal: tensor([goal]),
    steps: tensor([rest.steps ?? 0], { dtype: "int32" }),
  };
}

const still = (agents: number): Tensor => zeros([1, agents, 2]);

async function numbers(x: Tensor): Promise<number[]> {
  return [...await x.data()];
}

onEachEngine("resetWhere() touches the masked environments only", async () => {
  const world = new Navigation({ nAgents: 3 });
  const before = world.reset(randomKey(1), 5);
  const moved = { ...before, steps: tensor([1, 2, 3, 4, 5], { dtype: "int32" }), velocity: before.position };
  const done = tensor([false, true, false, false, true]);
  const after = await compile((done: Tensor, now: NavigationState, key: Tensor) => resetWhere(world, done, now, key))(
    done,
    moved,
    randomKey(2),
  );
  const fresh = world.reset(randomKey(2), 5);
  for (const name of ["position", "velocity", "goal", "steps"] as const) {
    for (const env of [0, 1, 2, 3, 4]) {
      const expected = env === 1 || env === 4 ? fresh : moved;
      const [found, wanted] = [after[name].select(0, env), expected[name].select(0, env)];
      assert.deepEqual(await found.toList(), await wanted.toList(), `${name} of environment ${env}`);
    }
  }
  assert.deepEqual(await numbers(after.steps), [1, 0, 3, 4, 0]);
});

onEachEngine(
  "environments of a batch do not feel each other, not even by a gap that another's contact would widen",
  async () => {
    const world = new Navigation({ nAgents: 2, sharedRew: false });
    const goals: Rows = [[1, 1], [-1, -1]];
    // They end overlapping, 2 mm apart (VMAS pays -1 for this one only beside one that overlaps), and far apart.
    const single = [[-0.099, 0.099], [-0.109, 0.109], [-0.5, 0.5]].map(([a, b]) =>
      state([[a!, 0], [b!, 0]], goals, { velocity: [[-a!, 0], [-b!, 0]] })
    );
    const stacked = (pick: (x: NavigationState) => Tensor): Promise<number[][]> =>
      Promise.all(single.map((x) => numbers(pick(x))));
    const whole = {
      position: tensor(await stacked((x) => x.position), { shape: [3, 2, 2] }),
      velocity: tensor(await stacked((x) => x.velocity), { shape: [3, 2, 2] }),
      goal: tensor(await stacked((x) => x.goal), { shape: [3, 2, 2] }),
      steps: zeros([3], { dtype: "int32" }),
    };
    const action = uniform(randomKey(4), [3, 2, 2], -0.01, 0.01);
    const run = (from: NavigationState, act: Tensor) => {
      const { state: next, reward } = world.step(from, act);
      return { observation: world.observe(next), reward };
    };
    const together = run(whole, action);
    for (const [env, alone] of single.entries()) {
      const one = run(alone, action.slice(0, env, env + 1));
      for (const name of ["observation", "reward"] as const) {
        const [a, b] = [await numbers(together[name].slice(0, env, env + 1)), await numbers(one[name])];
        a.forEach((x, i) => assert.ok(Math.abs(x - b[i]!) < 1e-6, `${name} ${i} of ${env}: ${x} and ${b[i]}`));
      }
    }
    const penalty = (await numbers(together.reward)).map((x) => x < -0.9);
    assert.deepEqual(penalty, [true, true, false, false, false, false]);
  },
);

onEachEngine("terminated and truncated are told apart", async () => {
  const world = new Navigation({ nAgents: 2, maxSteps: 10 });
  const away: Rows = [[0.5, 0], [-0.5, 0]];
  const near: Rows = [[0.5, 0.09], [-0.5, 0.09]];
  const oneAway: Rows = [[0.5, 0.09], [-0.5, 0.11]];
  const outcome = async (goal: Rows, steps: number) => {
    const { terminated, truncated } = world.step(state(away, goal, { steps }), still(2));
    return [await terminated.item(), await truncated.item()];
  };
  assert.deepEqual(await outcome([[0, 0], [0, 0]], 8), [false, false]);
  assert.deepEqual(await outcome([[0, 0], [0, 0]], 9), [false, true]);
  assert.deepEqual(await outcome([[0, 0], [0, 0]], 99), [false, true]);
  assert.deepEqual(await outcome(near, 3), [true, false]);
  assert.deepEqual(await outcome(near, 9), [true, false]);
  assert.deepEqual(await outcome(oneAway, 3), [false, false]);
});

onEachEngine(
  "reward is progress of all, or one's own; the bonus is for all within 0.05; a contact costs both",
  async () => {
    const reward = async (options: NavigationOptions, from: NavigationState): Promise<number[]> =>
      await numbers(new Navigation({ nAgents: 2, ...options }).step(from, still(2)).reward);
    const close = (found: number[], expected: number[]): void =>
      found.forEach((x, i) => assert.ok(Math.abs(x - expected[i]!) < 1e-6, `${found} instead of ${expected}`));
    // Half a metre a second, three quarters of it after drag, for a tenth of a second.
    const going = state([[0, 0], [0.5, 0]], [[0, 1], [0.5, -1]], { velocity: [[0, 0.5], [0, 0]] });
    close(await reward({}, going), [0.0375, 0.0375]);
    close(await reward({ sharedRew: false }, going), [0.0375, 0]);
    close(await reward({ sharedRew: false, posShapingFactor: 2 }, going), [0.075, 0]);
    const there = state([[0, 0], [0.5, 0]], [[0, 0.04], [0.5, 0.04]]);
    close(await reward({}, there), [0.01, 0.01]);
    close(await reward({ finalReward: 3 }, there), [3, 3]);
    close(await reward({}, state([[0, 0], [0.5, 0]], [[0, 0.04], [0.5, 0.06]])), [0, 0]);
    const touching = state([[0, 0], [0.199, 0]], [[0, 5], [0.199, 5]], { velocity: [[0.5, 0], [-0.5, 0]] });
    const free = await reward({ agentCollisionPenalty: 0 }, touching);
    close(await reward({}, touching), free.map((x) => x - 1));
    close(await reward({ agentCollisionPenalty: -0.25 }, touching), free.map((x) => x - 0.25));
    close(await reward({ collisions: false }, state([[0, 0], [0.1, 0]], [[0, 5], [0.1, 5]])), [0, 0]);
  },
);

onEachEngine("without contacts the rewards of an episode add up to the distance covered", async () => {
  const world = new Navigation({ nAgents: 3, collisions: false, finalReward: 0 });
  const start = world.reset(randomKey(8), 7);
  const actions = uniform(randomKey(9), [30, 7, 3, 2], -2, 2);
  const run = compile((start: NavigationState, actions: Tensor) => {
    const [end, rewards] = scan(
      (now: NavigationState, action: Tensor) => {
        const { state: next, reward, terminated, truncated } = world.step(now, action);
        return [next, { reward, over: terminated.or(truncated) }];
      },
      start,
      actions,
    );
    const distance = ({ position, goal }: NavigationState): Tensor => position.sub(goal).norm(-1).sum(-1);
    return { paid: rewards.reward!.sum(0), covered: distance(start).sub(distance(end)) };
  });
  const { paid, covered } = await run(start, actions);
  const [sums, lengths] = [await numbers(paid!), await numbers(covered!)];
  sums.forEach((x, i) => assert.ok(Math.abs(x - lengths[Math.floor(i / 3)]!) < 1e-5, `${x}, ${lengths}`));
});

onEachEngine("actions are clamped to [-1, 1]", async () => {
  const world = new Navigation({ nAgents: 1 });
  const from = state([[0, 0]], [[1, 1]]);
  const far = await numbers(world.step(from, tensor([[[7, -7]]])).state.velocity);
  assert.deepEqual(far, await numbers(world.step(from, tensor([[[1, -1]]])).state.velocity));
});

onEachEngine("reset() depends on its key only, and gives each environment and agent a start of its own", async () => {
  const world = new Navigation({ nAgents: 3 });
  const [a, b, c] = [1, 1, 2].map((seed) => world.reset(randomKey(seed), 4));
  assert.deepEqual(await numbers(a!.position), await numbers(b!.position));
  assert.notDeepEqual(await numbers(a!.position), await numbers(c!.position));
  const all = [...await numbers(a!.position), ...await numbers(a!.goal)];
  assert.equal(new Set(all).size, 4 * 6 * 2);
  assert.deepEqual(await numbers(a!.velocity), new Array(24).fill(0));
  assert.deepEqual(await numbers(a!.steps), [0, 0, 0, 0]);
});

onEachEngine("agents share goals as agentsWithSameGoal and splitGoals say", async () => {
  const goals = async (options: NavigationOptions): Promise<number[]> => {
    const world = new Navigation({ collisions: false, ...options });
    const x = await numbers(world.reset(randomKey(3), 1).goal.select(-1, 0));
    return x.map((value) => x.indexOf(value));
  };
  assert.deepEqual(await goals({ nAgents: 4 }), [0, 1, 2, 3]);
  assert.deepEqual(await goals({ nAgents: 4, agentsWithSameGoal: 3 }), [0, 0, 0, 3]);
  assert.deepEqual(await goals({ nAgents: 3, agentsWithSameGoal: 3 }), [0, 0, 0]);
  assert.deepEqual(await goals({ nAgents: 4, agentsWithSameGoal: 2, splitGoals: true }), [0, 0, 2, 2]);
});

Deno.test("the state keeps its shapes, dtypes and axis names, so that it can be carried", () => {
  const world = new Navigation({ nAgents: 3 });
  const described = (x: NavigationState): string[] => {
    const texts: string[] = [];
    mapTree(x, (leaf) => (texts.push(leaf.toString()), leaf));
    return texts;
  };
  const start = world.reset(randomKey(0), 4);
  const { state: next, reward, terminated, truncated } = world.step(start, zeros([4, 3, 2]));
  assert.deepEqual(described(next), described(start));
  assert.deepEqual(described(resetWhere(world, terminated, next, randomKey(1))), described(start));
  assert.equal(world.observe(start).toString(), "Tensor float32 [env 4, agent 3, feature 18]");
  assert.equal(reward.toString(), "Tensor float32 [env 4, agent 3]");
  for (const x of [terminated, truncated]) assert.equal(x.toString(), "Tensor bool [env 4]");
});

Deno.test("options out of range, unknown or contradictory are refused with a sentence", () => {
  const cases: [NavigationOptions, string][] = [
    [{ nAgents: 0 }, "navigation: nAgents is a whole number, from 1 to 64, not 0."],
    [{ nAgents: 2.5 }, "navigation: nAgents is a whole number, from 1 to 64, not 2.5."],
    [{ lidarRange: 0 }, "navigation: lidarRange is a number above 0, not 0."],
    [{ agentRadius: NaN }, "navigation: agentRadius is a number above 0, not NaN."],
    [{ commsRange: -1 }, "navigation: commsRange is a number, 0 or more, not -1."],
    [{ finalReward: Infinity }, "navigation: finalReward is a finite number, not Infinity."],
    [{ maxSteps: 0 }, "navigation: maxSteps is a whole number, 1 or more, not 0."],
    [{ sharedRew: 1 as unknown as boolean }, "navigation: sharedRew is true or false, not 1."],
    [{ agentsWithSameGoal: 5 }, "navigation: agentsWithSameGoal is 5, but there are 4 agents."],
    [
      { agentsWithSameGoal: 2 },
      "navigation: agents with the same goal (agentsWithSameGoal 2) need collisions: false.",
    ],
    [
      { splitGoals: true },
      "navigation: splitGoals needs an even number of agents and agentsWithSameGoal = nAgents / 2; nAgents is 4 and agentsWithSameGoal 1.",
    ],
    [
      { nAgents: 40 },
      "navigation: 40 agents and 40 goals, 0.25 apart, do not fit into a world of 2 x 2: take fewer or smaller agents, or a larger world.",
    ],
  ];
  for (const [options, message] of cases) assert.throws(() => new Navigation(options), { name: "RangeError", message });
  assert.throws(
    () => new Navigation({ agents: 3 } as NavigationOptions),
    /^RangeError: navigation: there is no option `agents`; there are nAgents, /,
  );
});
