/** Simulations on the host: the same numbers whoever steps them, and sentences for what goes wrong. */

import assert from "node:assert/strict";
import {
  type HostWorld,
  randomInt,
  randomKey,
  type Simulation,
  SimulationError,
  Simulations,
  tensor,
  uniform,
  zeros,
} from "../../mod.ts";
import { Pool } from "../../lib/worlds/host/pool.ts";
import { onEngine } from "../engines.ts";
import { faulty, walk } from "./host_worlds.ts";

/** All that `steps` steps of 7 environments give, as numbers. */
async function seen(world: HostWorld, steps: number, seed = 0): Promise<number[][]> {
  const simulations = await Simulations.start(world, 7, seed);
  try {
    const rows = [[...await simulations.observation.data()]];
    for (let t = 0; t < steps; t++) {
      const action = world.actionKind === "discrete"
        ? randomInt(randomKey(t), [7, 2], 0, 3)
        : uniform(randomKey(t), [7, 2, 1], -1, 1);
      const { metrics, ...given } = await simulations.step(action);
      for (const x of [...Object.values(given), ...Object.values(metrics)]) rows.push([...await x.data()]);
    }
    return rows;
  } finally {
    simulations.dispose();
  }
}

for (const discrete of [false, true]) {
  onEngine(
    "cpu",
    `numbers do not depend on how many workers step, with ${discrete ? "discrete" : "continuous"} actions`,
    async () => {
      const alone = await seen(walk(0, {}, discrete), 40);
      for (const workers of [1, 2, 3]) assert.deepEqual(await seen(walk(workers, {}, discrete), 40), alone);
      assert.notDeepEqual(await seen(walk(0, {}, discrete), 40, 1), alone);
    },
  );
}

onEngine("cpu", "a simulation that is a function is stepped by the same code as one in a module", async () => {
  const { default: make } = await import("./simulations/walk.ts");
  const world = walk(0);
  assert.deepEqual(await seen({ ...world, simulation: make }, 20), await seen(world, 20));
});

onEngine(
  "cpu",
  "episodes end by themselves or when the time is up, and begin anew with the end still to be seen",
  async () => {
    const simulations = await Simulations.start(walk(2), 50, 0);
    try {
      const lengths: number[] = [];
      const length = new Float64Array(50);
      let ends = [0, 0];
      for (let t = 0; t < 60; t++) {
        const given = await simulations.step(uniform(randomKey(t), [50, 2, 1], -1, 1));
        const [terminated, truncated] = [await given.terminated.data(), await given.truncated.data()];
        const [next, last] = [await given.observation.data(), await given.nextObservation.data()];
        for (let env = 0; env < 50; env++) {
          length[env]!++;
          const far = Math.max(Math.abs(last[4 * env]!), Math.abs(last[4 * env + 2]!));
          assert.equal(terminated[env], Number(far > 1));
          const done = terminated[env]! + truncated[env]!;
          assert.ok(done <= 1, "never both");
          const same = next.slice(4 * env, 4 * env + 4).every((x, i) => x === last[4 * env + i]);
          assert.equal(same, done === 0);
          // At the start all are within 0.5.
          if (done) assert.ok(Math.abs(next[4 * env]!) <= 0.5);
          if (done) lengths.push(length[env]!);
          if (done) length[env] = 0;
          ends = [ends[0]! + terminated[env]!, ends[1]! + truncated[env]!];
        }
      }
      assert.equal(Math.max(...lengths), 12);
      assert.ok(ends[0]! > 20 && ends[1]! > 20, `${ends}`);
    } finally {
      simulations.dispose();
    }
  },
);

Deno.test("saved simulations go on bit for bit, in another pool with other workers", async () => {
  const act = (pool: Pool, t: number) => pool.act(Float32Array.from({ length: 10 }, (_, i) => Math.sin(7 * t + i)));
  const first = await Pool.start(walk(1), 5, [0, 1]);
  for (let t = 0; t < 17; t++) {
    act(first, t);
    await first.step();
  }
  const saved = await first.save();
  const second = await Pool.start(walk(2), 5, [5, 5]);
  await second.restore(saved);
  const copies = ["observation", "nextObservation", "reward", "metrics", "terminated", "truncated"] as const;
  for (let t = 17; t < 60; t++) {
    for (const pool of [first, second]) {
      act(pool, t);
      await pool.step();
    }
    for (const name of copies) assert.deepEqual(second.memory[name], first.memory[name], `${name} at ${t}`);
  }
  assert.deepEqual(await second.save(), await first.save());
  await assert.rejects(
    second.restore({ ...saved, simulations: saved.simulations.slice(1) }),
    { name: "RangeError", message: /walk: the saved simulations have 69 words .* another configuration/ },
  );
  for (const pool of [first, second]) pool.dispose();
});

onEngine("cpu", "simulations go on from what was saved, and see again what they saw", async () => {
  const [first, second] = [await Simulations.start(walk(0), 3, 0), await Simulations.start(walk(1), 3, 9)];
  const action = (t: number) => uniform(randomKey(t), [3, 2, 1], -1, 1);
  await first.step(action(0));
  await second.restore(await first.save());
  assert.deepEqual(await second.observation.toList(), await first.observation.toList());
  const [a, b] = [await first.step(action(1)), await second.step(action(1))];
  assert.deepEqual(await b.reward.toList(), await a.reward.toList());
  for (const simulations of [first, second]) simulations.dispose();
});

Deno.test("a bell that nobody meant wakes workers, who do nothing twice", async () => {
  const pool = await Pool.start(walk(2), 4, [0, 1]);
  const control = new Int32Array(pool.memory.buffer, 0, Math.floor(pool.memory.buffer.byteLength / 4));
  const steps = async () => new Float64Array((await pool.save()).simulations.buffer)[0];
  for (let t = 1; t <= 5; t++) {
    await pool.step();
    for (let i = 0; i < control.length; i++) Atomics.notify(control, i);
    assert.equal(await steps(), t);
  }
  pool.dispose();
});

/** What is said when the action of environment 3 goes wrong in the first step of five. */
const faults: readonly [action: number, message: string][] = [
  [0.1, "faulty: environment 3 failed at the start of an episode or in its first step: no such body."],
  [0.2, "faulty: environment 3 gave NaN as number 1 of 1 of what is observed, after 1 step of its episode."],
  [-0.1, "faulty: environment 3 gave Infinity as number 1 of 1 of what is observed, after 1 step of its episode."],
  [
    0.3,
    "faulty: environment 3 gave 2 numbers as what is observed, where the world has 1, after 1 step of its episode.",
  ],
  [0.4, "faulty: environment 3 gave the reward -Infinity, after 1 step of its episode."],
  [
    0.5,
    "faulty: environment 3 gave 2 numbers as its reward, where there is 1 agent, after 1 step of its episode.",
  ],
  [
    0.6,
    "faulty: environment 3 gave a promise from step(), which runs without waiting, at the start of an episode or in its " +
    "first step.",
  ],
  [
    0.7,
    "faulty: environment 3 gave no `terminated` from step(), which gives { reward, terminated }, at the start of an " +
    "episode or in its first step.",
  ],
  [0.8, "faulty: environment 3 gave no number for the metric `height`, after 1 step of its episode."],
];

Deno.test("a method of a simulation that waits, and a text in the place of numbers, are refused in sentences", async () => {
  const good: Simulation = {
    reset: () => {},
    observe: () => [1],
    step: () => ({ reward: 0, terminated: false }),
    state: () => [],
    restore: () => {},
  };
  const later = (): never => Promise.resolve([1]) as never;
  const wrong: readonly (readonly [part: Partial<Simulation>, sentence: RegExp])[] = [
    [{ reset: later }, /gave a promise from reset\(\), which runs without waiting/],
    [{ observe: later }, /gave a promise from observe\(\), which runs without waiting/],
    [{ state: later }, /gave a promise from state\(\), which runs without waiting/],
    [{ step: later }, /gave a promise from step\(\), which runs without waiting/],
    [{ state: () => undefined as never }, /gave nothing as its state, which is a list of numbers/],
    [{ observe: () => "1" as never }, /gave the text "1" as what is observed, where the world has 1/],
    [
      { step: () => ({ reward: "1" as never, terminated: false }) },
      /gave the text "1" as its reward, where there is 1 agent/,
    ],
  ];
  for (const [part, sentence] of wrong) {
    const pool = (async () => {
      const simulation = (): Simulation => ({ ...good, ...part });
      const facts = { actionKind: "continuous", agents: 1, observationSize: 1, actionSize: 1, maxSteps: 5 } as const;
      const simulations = await Simulations.start({ name: "late", ...facts, simulation }, 2, 0);
      await simulations.step(zeros([2, 1, 1]));
    })();
    await assert.rejects(
      pool,
      (error) => error instanceof SimulationError && sentence.test(error.message),
      String(sentence),
    );
  }
});

for (const workers of [0, 2]) {
  const who = workers === 0 ? "the thread that asks" : "a worker";
  for (const [action, message] of faults) {
    Deno.test(`what goes wrong on ${who} is told with the environment's number: ${message}`, async () => {
      const pool = await Pool.start(faulty(workers), 5, [0, 0]);
      try {
        // Environment 4 goes wrong too, in the other worker or after 3.
        pool.act(Float32Array.of(0, 0, 0, action, action));
        const error = await pool.step().then(() => null, (error) => error as SimulationError);
        assert.ok(error instanceof SimulationError);
        assert.deepEqual([error.message, error.environment], [message, 3]);
        if (action === 0.1) assert.match((error.cause as Error).stack!, /no such body[^]*faulty\.ts:\d+/);
        // Some are a step further than others: there is no going on.
        await assert.rejects(pool.step(), { message });
      } finally {
        pool.dispose();
      }
    });
  }

  const starts: readonly [at: string, message: RegExp][] = [
    ["make", /^faulty: environment 0 could not be made: no model\.$/],
    ["reset", /^faulty: environment 0 could not be made: no start\.$/],
    ["method", /environment 0 could not be made: the simulation has no method `restore`; it needs reset, observe,/],
  ];
  for (const [at, message] of starts) {
    Deno.test(`a simulation that cannot begin is told by ${who}: ${at}`, async () => {
      await assert.rejects(Pool.start(faulty(workers, { options: { at } }), 3, [0, 0]), {
        name: "SimulationError",
        message,
      });
    });
  }

  Deno.test(`a state of another size than before is told by ${who}`, async () => {
    const pool = await Pool.start(faulty(workers, { options: { at: "state" } }), 1, [0, 0]);
    await assert.rejects(pool.save(), {
      message: "faulty: environment 0 gave 2 numbers as its state, where it had 1 before, when its state was saved.",
    });
    pool.dispose();
  });
}

Deno.test("a worker that ends in the middle of a step is missed, with the environments that were its", async () => {
  const pool = await Pool.start(faulty(2), 5, [0, 0]);
  pool.act(Float32Array.of(0, 0, 0, 0.9, 0));
  await assert.rejects(pool.step(), {
    name: "SimulationError",
    message:
      "faulty: worker 2 of 2, which stepped environments 2 to 4, has ended (exit code 3), and with it what they had " +
      "reached; go on from a checkpoint.",
  });
  pool.dispose();
});

const url = faulty(0).simulation as string;

/** Worlds that are none, and what is said of them. */
const misfits: readonly [changes: Partial<HostWorld>, message: string | RegExp][] = [
  [{ name: "" }, 'a host world has a name, not "".'],
  [{ agents: 0 }, "faulty: agents is a whole number, 1 or more, not 0."],
  [{ observationSize: 1.5 }, "faulty: observationSize is a whole number, 1 or more, not 1.5."],
  [{ maxSteps: Infinity }, "faulty: maxSteps is a whole number, 1 or more, not Infinity."],
  [{ actionKind: "box" as "discrete" }, 'faulty: actionKind is "continuous" or "discrete", not "box".'],
  [{ workers: -1 }, "faulty: workers is a whole number, 0 or more, not -1."],
  [{ metrics: { height: "max" as "sum" } }, 'faulty: the metric height is a "mean" or a "sum", not "max".'],
  [
    { options: { render: { onFrame: () => {} } } },
    "faulty: the options cannot be given to its simulations: options.render.onFrame is a function. They are numbers, text, " +
    "and arrays and objects of them; what is made of them is made by the simulation.",
  ],
  [
    { simulation: () => ({}) as never, workers: 2 },
    /a simulation that is a function is stepped by the thread that has it\. For 2 workers put it into a module/,
  ],
  [
    { simulation: "./faulty.ts" },
    /the simulation is a function, or the file:.*not "\.\/faulty\.ts": .*import\.meta\.resolve/,
  ],
  [{ simulation: url.replace("faulty", "missing") }, /^faulty: file:.*missing\.ts could not be loaded: .*not found/],
  [
    { simulation: url.replace("faulty", "nothing") },
    /nothing\.ts has no function as its default export: export default \(options\) => simulation$/,
  ],
  [
    { scene: { entities: [], frameSeconds: 1 }, simulation: () => ({ reset() {} }) as never },
    /environment 0 could not be made: the simulation has no method `observe`/,
  ],
];

for (const [changes, message] of misfits) {
  Deno.test(`a host world is refused: ${message}`, async () => {
    await assert.rejects(Pool.start(faulty(0, changes), 2, [0, 0]), { message });
  });
}

Deno.test("a module that is not there is told in the same words by workers", async () => {
  await assert.rejects(Pool.start(faulty(2, { simulation: url.replace("faulty", "missing") }), 2, [0, 0]), {
    message: /^faulty: file:.*missing\.ts could not be loaded: .*not found/,
  });
});

onEngine("cpu", "actions that do not fit are refused before they are done", async () => {
  const simulations = await Simulations.start(faulty(0), 2, 0);
  await assert.rejects(simulations.step(tensor([[1], [2]])), {
    code: "G301",
    message: /the actions of `faulty` are float32 \[2,1,1\], not float32 \[2, 1\]/,
  });
  await assert.rejects(simulations.step(tensor([[[0]], [[NaN]]])), {
    message: "faulty: environment 1 was given the action NaN.",
  });
  simulations.dispose();
  await assert.rejects(simulations.step(tensor([[[0]], [[0]]])), {
    message: "faulty: the simulations were disposed of.",
  });
  const choices = await Simulations.start(walk(0, {}, true), 2, 0);
  await assert.rejects(choices.step(tensor([[0, 1], [3, 0]], { dtype: "int32" })), {
    message: "walk: environment 1 was given the action 3.",
  });
  choices.dispose();
  await assert.rejects(Simulations.start(walk(0), 0, 0), { message: /there are 1 or more simulations/ });
});

onEngine("cpu", "numbers beyond [-1, 1] act as its ends", async () => {
  const rewards: number[][] = [];
  for (const action of [1, 5]) {
    const simulations = await Simulations.start(walk(0), 3, 0);
    const { reward } = await simulations.step(tensor(Array(3).fill([[action], [-action]])));
    rewards.push([...await reward.data()]);
    simulations.dispose();
  }
  assert.deepEqual(rewards[0], rewards[1]);
});

for (const how of ["dispose", "forget", "throw"] as const) {
  Deno.test(`workers keep no process alive that would end: ${how}`, async () => {
    const program = new URL("./host_process.ts", import.meta.url).href;
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--allow-all", "--no-check", "--quiet", program, how],
      stdout: "piped",
      stderr: "piped",
    });
    const { code, stdout, stderr } = await child.output();
    const [out, err] = [stdout, stderr].map((x) => new TextDecoder().decode(x));
    assert.equal(out, "stepped\n", err);
    assert.equal(code, how === "throw" ? 1 : 0, err);
  });
}
