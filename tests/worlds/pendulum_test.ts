/** The pendulum in JavaScript and in tensors against Gymnasium's records, and against each other. */

import assert from "node:assert/strict";
import {
  compile,
  grad,
  HostPendulum,
  Pendulum,
  type PendulumState,
  randomKey,
  RandomStream,
  scan,
  type Simulation,
  Simulations,
  type Tensor,
  tensor,
} from "../../mod.ts";
import makePendulum from "../../lib/worlds/pendulum/simulation.ts";
import { onEachEngine, onEngine } from "../engines.ts";

interface Step {
  readonly action: number;
  readonly angle: number;
  readonly speed: number;
  readonly observation: readonly number[];
  readonly reward: number;
  readonly truncated: boolean;
}

interface Episode {
  readonly angle: number;
  readonly speed: number;
  readonly steps: readonly Step[];
}

const episodes: readonly Episode[] = Deno.readTextFileSync(
  new URL("../fixtures/gymnasium_pendulum.jsonl", import.meta.url),
).trim().split("\n").map((line) => JSON.parse(line));

/** The states before each step of an episode. */
const before = ({ angle, speed, steps }: Episode): readonly { angle: number; speed: number }[] => [
  { angle, speed },
  ...steps.slice(0, -1),
];

function assertClose(found: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number, what: string): void {
  assert.equal(found.length, expected.length, what);
  for (let i = 0; i < expected.length; i++) {
    const off = Math.abs(found[i]! - expected[i]!);
    assert.ok(off <= tolerance * Math.max(1, Math.abs(expected[i]!)), `${what} ${i}: ${found[i]} for ${expected[i]}`);
  }
}

Deno.test("a step of the pendulum in JavaScript is Gymnasium's to the last digits of float64", () => {
  const simulation: Simulation = makePendulum();
  for (const episode of episodes) {
    before(episode).forEach(({ angle, speed }, i) => {
      const { action, observation, reward, ...after } = episode.steps[i]!;
      simulation.restore(Float64Array.of(angle, speed));
      const outcome = simulation.step(Float32Array.of(action));
      assertClose(Array.from(simulation.state()), [after.angle, after.speed], 1e-13, "state");
      assertClose([outcome.reward as number], [reward], 1e-13, "reward");
      assertClose(simulation.observe(), observation, 1e-7, "observation");
    });
  }
});

Deno.test("a whole episode of the pendulum in JavaScript is Gymnasium's", () => {
  // Upright the smallest difference grows: that episode is held against its states step by step.
  for (const { angle, speed, steps } of episodes.slice(0, 4)) {
    const simulation: Simulation = makePendulum();
    simulation.restore(Float64Array.of(angle, speed));
    for (const step of steps) {
      simulation.step(Float32Array.of(step.action));
      assertClose(Array.from(simulation.state()), [step.angle, step.speed], 1e-12, "state");
    }
  }
});

onEachEngine("a step of the pendulum in tensors is Gymnasium's to 1e-5", async () => {
  const world = new Pendulum();
  for (const episode of episodes) {
    const starts = before(episode);
    const { steps } = episode;
    const state: PendulumState = {
      // As the world has them: within a turn.
      angle: tensor(starts.map(({ angle }) => angle - 2 * Math.PI * Math.floor((angle + Math.PI) / (2 * Math.PI)))),
      speed: tensor(starts.map((x) => x.speed)),
      steps: tensor(starts.map((_, i) => i), { dtype: "int32" }),
    };
    const after = world.step(state, tensor(steps.map(({ action }) => [[action]])));
    assertClose(await world.observe(after.state).data(), steps.flatMap((x) => x.observation), 1e-5, "observation");
    assertClose(await after.reward.data(), steps.map((x) => x.reward), 1e-5, "reward");
    assertClose(await after.truncated.data(), steps.map((x) => Number(x.truncated)), 0, "truncated");
    assert.equal(await after.terminated.cast("int32").sum().item(), 0);
    assert.ok((await after.state.angle.data()).every((x) => Math.abs(x) < 3.1416));
  }
});

onEngine("cpu", "the pendulums in JavaScript and in tensors go the same way for an episode, to 1e-5", async () => {
  const world = new Pendulum();
  // Swings about the lowest point: there a difference does not grow.
  const angles = [3.1, -2.9, 2.7, -2.6, 2.4, 3];
  const actions = Array.from({ length: 200 }, (_, t) => angles.map((_, env) => 0.3 * Math.sin(0.9 * t * (env + 1))));
  const roll = compile((start: Tensor, actions: Tensor) => {
    const still: PendulumState = { angle: start, speed: start.mul(0), steps: start.mul(0).cast("int32") };
    const step = (state: PendulumState, action: Tensor) => {
      const { state: next, reward, truncated } = world.step(state, action);
      return [next, { seen: world.observe(next), reward, truncated }] as const;
    };
    return scan(step, still, actions)[1];
  });
  const flat = await roll(tensor(angles), tensor(actions.map((row) => row.map((x) => [[x]]))));
  const [seen, reward, truncated] = await Promise.all([flat.seen, flat.reward, flat.truncated].map((x) => x.data()));
  angles.forEach((angle, env) => {
    const simulation: Simulation = makePendulum();
    simulation.restore(Float64Array.of(angle, 0));
    actions.forEach((row, t) => {
      const outcome = simulation.step(Float32Array.of(row[env]!));
      const at = t * angles.length + env;
      assertClose(seen!.subarray(3 * at, 3 * at + 3), simulation.observe(), 1e-5, `observation at ${t} of`);
      assertClose([reward![at]!], [outcome.reward as number], 1e-5, `reward at ${t} of`);
      assert.equal(truncated![at], Number(t === 199));
    });
  });
});

onEngine("cpu", "both pendulums begin at angles uniform in a turn, and speeds in [-1, 1)", async () => {
  const { angle, speed } = new Pendulum().reset(randomKey(0), 4000);
  const simulations = await Simulations.start(new HostPendulum(), 4000, 0);
  const seen = simulations.observation.squeeze(1);
  const host = { angle: await seen.data(), speed: await seen.select(1, 2).data() };
  const angles = Array.from({ length: 4000 }, (_, i) => Math.atan2(host.angle[3 * i + 1]!, host.angle[3 * i]!));
  for (
    const [x, most] of [[await angle.data(), Math.PI], [angles, Math.PI], [await speed.data(), 1], [
      host.speed,
      1,
    ]] as const
  ) {
    const numbers = [...x];
    const mean = numbers.reduce((a, b) => a + b) / 4000;
    const square = numbers.reduce((a, b) => a + b * b) / 4000;
    // Four standard errors of a uniform distribution.
    assert.ok(Math.abs(mean) < 4 * most / Math.sqrt(3 * 4000), `mean ${mean}`);
    assert.ok(Math.abs(square / most ** 2 - 1 / 3) < 4 * Math.sqrt(4 / 45 / 4000), `square ${square}`);
    assert.ok(Math.max(...numbers) < most && Math.min(...numbers) >= -most);
    assert.ok(Math.max(...numbers) > 0.99 * most && Math.min(...numbers) < -0.99 * most);
  }
  simulations.dispose();
});

onEngine("cpu", "gradients go through the pendulum in tensors, also where the angle is wrapped", async () => {
  const world = new Pendulum();
  const ends = (action: Tensor) => {
    const start: PendulumState = {
      angle: tensor([3.1, 0.4]),
      speed: tensor([2, -1]),
      steps: tensor([0, 0], { dtype: "int32" }),
    };
    const { state, reward } = world.step(world.step(start, action).state, action);
    return world.observe(state).sum().add(reward.sum());
  };
  const at = [0.2, -0.3];
  const found = await grad(ends)(tensor(at).reshape(2, 1, 1)).data();
  for (const [i, x] of at.entries()) {
    const off = (h: number) => run(at.map((y, k) => k === i ? x + h : y));
    assert.ok(Math.abs(found[i]! - (off(1e-5) - off(-1e-5)) / 2e-5) < 1e-3, `${found[i]}`);
  }

  /** The same in float64, by the simulation. */
  function run(actions: readonly number[]): number {
    return actions.reduce((sum, action, i) => {
      const simulation = makePendulum();
      simulation.restore(Float64Array.of([3.1, 0.4][i]!, [2, -1][i]!));
      // Not a float32: finite differences need its digits.
      const step = () => simulation.step([action] as unknown as Float32Array).reward as number;
      step();
      const reward = step();
      const [angle, speed] = Array.from(simulation.state());
      return sum + reward + Math.cos(angle!) + Math.sin(angle!) + speed!;
    }, 0);
  }
});

onEngine(
  "cpu",
  "both pendulums are drawn alike: the end of the rod is where the angle says, and the goal above the hinge",
  async () => {
    const world = new Pendulum();
    const angles = [0, 0.5, -2, 3];
    const { position, angle } = world.scene.place({
      angle: tensor(angles),
      speed: tensor(angles),
      steps: tensor([0, 0, 0, 0], { dtype: "int32" }),
    });
    const [xy, turned] = [await position.data(), await angle.data()];
    const host = new HostPendulum();
    assert.equal(host.scene.entities, world.scene.entities);
    assert.deepEqual(position.shape, [4, host.scene.entities.length, 2]);
    angles.forEach((x, env) => {
      const simulation: Simulation = makePendulum();
      simulation.restore(Float64Array.of(x, 0));
      const places = Array.from(simulation.place!());
      assertClose(xy.subarray(8 * env, 8 * env + 8), places.filter((_, i) => i % 3 < 2), 1e-6, "position");
      assertClose(turned.subarray(4 * env, 4 * env + 4), places.filter((_, i) => i % 3 === 2), 1e-6, "angle");
      assertClose(places.slice(9), [-Math.sin(x), Math.cos(x), 0], 1e-12, "end");
      assertClose(places.slice(3, 6), [0, 1, 0], 0, "goal");
    });
  },
);

Deno.test("pendulums refuse options that they do not have", () => {
  assert.throws(() => new HostPendulum({ workers: -1 }), {
    message: "pendulum: workers is a whole number, 0 or more, not -1.",
  });
  assert.throws(() => new Pendulum({ maxSteps: 0 }), {
    message: "pendulum: maxSteps is a whole number, 1 or more, not 0.",
  });
  assert.throws(() => new Pendulum({ length: 2 } as never), {
    message: /there is no option `length`; there are maxSteps/,
  });
});

Deno.test("a stream of random numbers is the same for the same key, and goes on from its state", () => {
  const [a, b, c] = [new RandomStream([1, 2]), new RandomStream([1, 2]), new RandomStream([1, 3])];
  const first = [a.bits(), ...a.uniform(700, -2, 3), ...a.normal(5)];
  assert.deepEqual([b.bits(), ...b.uniform(700, -2, 3), ...b.normal(5)], first);
  assert.notEqual(c.bits(), first[0]);
  c.restore(a.state());
  assert.deepEqual(c.permutation(20), a.permutation(20));
  assert.throws(() => c.restore([1, 2]), { name: "RangeError", message: /four numbers/ });
});
