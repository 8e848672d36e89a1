/** The gradient of a drive by its actions agrees with differences in float64, and a training is told where it explodes. */

import assert from "node:assert/strict";
import {
  BPTTTrainer,
  type Controller,
  type Environment,
  HorizonProbe,
  Navigation,
  onWarning,
  Pendulum,
  type PlumblineError,
  randomKey,
  type Tensor,
  tensor,
  Vehicle,
  zeros,
} from "../../mod.ts";
import { onEachEngine, onEngine } from "../engines.ts";
import { callerSite } from "../../lib/graph/site.ts";
import { HorizonWatch } from "../../lib/rl/horizon_watch.ts";
import { gradientsOf } from "../../lib/systems/reinforcement/charts.ts";
import { interpretNodes } from "../oracle.ts";
import { pointWorld } from "./point_world.ts";

const [steps, envs] = [6, 2];
const swing: Controller = (seen) => seen.matmul(tensor([[0.1], [-0.4], [0.2]])).tanh();

/** The norms by differences: each number of each action is moved, in a loop of its own. */
function differences(world: Pendulum, seed: number): number[] {
  const nudges = Array.from({ length: steps }, () => zeros([envs, 1, 1]));
  let state = world.reset(randomKey(seed), envs);
  let sum = tensor(0);
  for (const nudge of nudges) {
    const { state: next, reward } = world.step(state, swing(world.observe(state), randomKey(0)).add(nudge));
    [state, sum] = [next, sum.add(reward.sum())];
  }
  const mean = sum.div(steps * envs).node;
  return nudges.map((nudge) => {
    const slopes = [0, 1].map((env) => {
      const at = (by: number) =>
        interpretNodes([mean], new Map([[nudge.node, [0, 1].map((e) => e === env ? by : 0)]]))[0]![0]!;
      return (at(1e-5) - at(-1e-5)) / 2e-5;
    });
    return Math.hypot(...slopes);
  });
}

onEachEngine("a drive's gradient by the actions of every step has the norms of differences in float64", async () => {
  const world = new Pendulum({ maxSteps: 20 });
  const probe = new HorizonProbe(world, swing, [], { steps, envs });
  const { norms, verdict } = await probe.run(5);
  assert.equal(verdict, "steady");
  differences(world, 5).forEach((x, t) => assert.ok(Math.abs(norms[t]! / x - 1) < 1e-3, `${t}: ${norms[t]} for ${x}`));
  probe.dispose();
});

/** A number that is `factor` times as large after a step, whatever is done; what it is, is paid for. */
function runaway(factor: number): Environment<{ x: Tensor; step: Tensor }> {
  return {
    ...pointWorld(50, "continuous", 1),
    reset: (_, count) => ({ x: zeros([count, 1]).add(1), step: zeros([count], { dtype: "int32" }) }),
    observe: ({ x }) => zeros([x.shape[0]!, 1, 2]),
    step({ x, step }, action) {
      const next = { x: x.mul(factor).add(action.select(-1, 0).mul(0.1)), step: step.add(1) };
      const [over, never] = [next.step.greaterEqual(50), next.step.less(0)];
      return { state: next, reward: next.x, terminated: never, truncated: over };
    },
  } as Environment<{ x: Tensor; step: Tensor }>;
}

async function warned(program: () => Promise<void>): Promise<PlumblineError[]> {
  const found: PlumblineError[] = [];
  const end = onWarning((warning) => found.push(warning));
  try {
    await program();
  } finally {
    end();
  }
  return found;
}

const small = { envs: 4, horizon: 24, hiddenSize: 8, lr: 1e-4, maxGradNorm: 1, seed: 0 };

onEngine(
  "cpu",
  "BPTT says by which factor a gradient explodes and from which step on, before it is no number",
  async () => {
    const exploding = await BPTTTrainer.create(runaway(2), small);
    const [told, ...others] = await warned(async () => {
      for (let i = 0; i < 2; i++) await exploding.iterate();
    });
    exploding.dispose();
    assert.equal(others.length, 0);
    assert.equal(told!.code, "G406");
    // By the action of step t the rewards of t to 23 move, by 2 ** (24 - t) - 1: of 1 to 24 steps the median is that of 13, and that of
    // 20 is the first above a hundred times as much.
    assert.equal(
      told!.message.split("\n")[0],
      "warning[G406]: BPTT: the gradient explodes over the horizon: it grows by a factor of 2.000 a step on its way back, and from " +
        "step 4 of 0 to 23 back it is more than 100 times its median, 17.1.",
    );
    assert.match(told!.message, /help: a shorter way back: with a horizon of 19 steps BPTT stays within the bound\./);
    const breaking = await BPTTTrainer.create(runaway(100), small);
    const told2 = await warned(() => assert.rejects(breaking.iterate()));
    breaking.dispose();
    assert.match(
      told2[0]!.message,
      /^warning\[G406\]: BPTT: the gradient is not finite from step \d of 0 to 23 back; until there/,
    );
  },
);

onEngine("cpu", "an iteration that waits for its turn is told of by the line that asked for it", async () => {
  const exploding = await BPTTTrainer.create(runaway(2), { ...small, maxGradNorm: 1e-6 });
  const told = await warned(async () => {
    const first = exploding.iterate();
    const second = exploding.iterate();
    await Promise.all([first, second]);
  });
  exploding.dispose();
  const lines = told.filter(({ code }) => code === "G406").map(({ sites }) => sites[0]!.text?.trim());
  assert.deepEqual(lines, ["const first = exploding.iterate();", "const second = exploding.iterate();"]);
});

onEngine("cpu", "BPTT says that there is no gradient where nothing that is done earns anything", async () => {
  const world = runaway(2);
  const limited: typeof world = {
    ...world,
    step: (state, action) => {
      const next = world.step(state, action);
      return { ...next, reward: next.state.x.clamp(-1e9, -1e8) };
    },
  };
  const trainer = await BPTTTrainer.create(limited, { ...small, horizon: 4 });
  const told = (await warned(async () => void await trainer.iterate())).map((x) => x.message);
  trainer.dispose();
  assert.ok(
    told.some((x) =>
      x.startsWith("warning[G110]: zero gradient: BPTT: the gradient is 0 at all 4 steps of the horizon.")
    ),
    `${told}`,
  );
});

onEngine("cpu", "BPTT is silent where a gradient is steady: at a point, in a car", async () => {
  const told = await warned(async () => {
    for (const world of [pointWorld(30), new Vehicle({ maxSteps: 30 })]) {
      const trainer = await BPTTTrainer.create(world as Environment, small);
      await trainer.iterate();
      trainer.dispose();
    }
  });
  assert.deepEqual(told.map((x) => x.message), []);
});

Deno.test("a horizon of no steps, and one of choices, have no gradient: told in a sentence", () => {
  assert.throws(() => new HorizonProbe(new Pendulum(), swing, [], { steps: 0 }), {
    message: /new HorizonProbe\(\) takes a whole number of at least 1 as `options\.steps`, not the number 0\./,
  });
  assert.throws(() => new HorizonProbe(new Navigation({ continuousActions: false }), swing, [], { steps: 3 }), {
    message: "the actions of navigation are choices, which have no gradient: there is none over its horizon.",
  });
});

onEngine(
  "cpu",
  "a look at the horizon that fails is a warning: what was learned holds, and the first error is told",
  async () => {
    const world = pointWorld(30);
    const crowded: typeof world = {
      ...world,
      reset: (key, envs) => {
        if (envs < 12) throw new RangeError("here are 12 at least.");
        return world.reset(key, envs);
      },
    };
    const trainer = await BPTTTrainer.create(crowded, { ...small, envs: 12, horizon: 4 });
    const told = await warned(async () => assert.ok((await trainer.iterate())["train/grad_norm"]! > 0));
    assert.deepEqual(told.map(({ code, message }) => [code, message.split("\n")[0]]), [[
      "G407",
      "warning[G407]: BPTT: its gradient over the horizon could not be measured: here are 12 at least.",
    ]]);
    assert.equal(trainer.iteration, 1);
    const { policy } = trainer;
    const watch = new HorizonWatch({
      ...{ name: "BPTT", environment: crowded as Environment, policy },
      ...{ horizon: 4, envs: 8, maxGradNorm: 1 },
    });
    await assert.rejects(() => watch.during(callerSite(), () => Promise.reject(new Error("the first one"))), {
      message: "the first one",
    });
    trainer.dispose();
  },
);

onEngine(
  "cpu",
  "the gradient of a long drive is that of segments, and that of an episode ends after 2,000 steps",
  async () => {
    const traced = async (steps: number): Promise<number> => {
      let count = 0;
      const counted: Controller = (seen, key) => {
        count++;
        return swing(seen, key);
      };
      const probe = new HorizonProbe(new Pendulum({ maxSteps: 300 }), counted, [], { steps, envs });
      assert.equal((await probe.run(5)).verdict, "steady");
      probe.dispose();
      return count;
    };
    // A step is traced for the segments, and once more for what is left over.
    assert.equal(await traced(120), 2 * await traced(99));
    const environment = pointWorld(10_000) as Environment;
    const controller: Controller = (seen) => seen.slice(-1, 0, 1).mul(-0.1);
    const reports = await gradientsOf({ environment, controller, state: [] } as never, { horizon: 4 } as never, 0);
    assert.deepEqual(reports.map(({ norms }) => norms.length), [4, 2000]);
  },
);
