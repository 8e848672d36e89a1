import assert from "node:assert/strict";
import { join } from "node:path";
import { batchOf, type Config, defaults, newConfig, parseConfig, presetText, resumedConfig } from "./particle.ts";
import { UsageError } from "../../lib/systems/usage.ts";
import { run, withFolder } from "./harness.ts";

function refusal(change: Record<string, unknown>): string {
  try {
    parseConfig({ ...defaults, ...change });
  } catch (error) {
    assert.ok(error instanceof UsageError);
    return error.message;
  }
  throw new Error(`${JSON.stringify(change)} was accepted.`);
}

Deno.test("parseConfig() accepts the defaults and gives them back", () => {
  assert.deepEqual(parseConfig(defaults), defaults);
});

Deno.test("parseConfig() accepts the limits that a range includes", () => {
  for (const change of [{ gamma: 0 }, { gamma: 1 }, { lr: 1 }, { entropyEps: 0 }, { seed: 2 ** 32 - 1 }, { seed: 0 }]) {
    assert.doesNotThrow(() => parseConfig({ ...defaults, ...change }));
  }
});

const seedCommands: Readonly<Record<string, Partial<Config>>> = {
  navigation: {},
  reverse_transport: {
    ...{ maxSteps: 500, nIters: 250, framesPerBatch: 32768, numEpochs: 4, minibatchSize: 8192 },
  },
  wheel: {
    ...{ nAgents: 4, nIters: 500, numEpochs: 4, minibatchSize: 4096, lr: 1e-3, entropyEps: 1e-2, lmbda: 0.95 },
  },
  buzz_wire: {
    ...{ nAgents: 2, maxSteps: 150, framesPerBatch: 4096, nIters: 20, numEpochs: 3, minibatchSize: 1024 },
    ...{ lr: 5e-4, entropyEps: 5e-4 },
  },
};

for (const [name, settings] of Object.entries(seedCommands)) {
  const scenarioName = name;
  Deno.test(`--preset seed of ${name} is the seed's recipe, and so are its flags spelt out`, () => {
    const expected = { ...defaults, scenarioName, ...settings };
    assert.deepEqual(newConfig({ scenarioName }, "seed"), expected);
    assert.deepEqual(newConfig({ scenarioName, lr: expected.lr }), expected);
  });
}

Deno.test("a new run has the tuned preset unless a number of the recipe is given, and every flag goes above a preset", () => {
  assert.deepEqual(newConfig({}), defaults);
  for (const scenarioName of ["navigation", "wheel", "reverse_transport", "buzz_wire"] as const) {
    const tuned = newConfig({ scenarioName }, "tuned");
    assert.deepEqual(newConfig({ scenarioName }), tuned);
    const given = { scenarioName, nIters: 7, seed: 3, algorithm: "ippo" } as const;
    assert.deepEqual(newConfig(given), { ...tuned, ...given });
    assert.deepEqual(newConfig({ scenarioName, lr: 0.5 }, "tuned"), { ...tuned, lr: 0.5 });
    assert.deepEqual(newConfig({ scenarioName, lr: 0.5 }), { ...newConfig({ scenarioName }, "seed"), lr: 0.5 });
  }
});

Deno.test("presetText() names the preset of a configuration, and what departs from it", () => {
  // Those of navigation are the same, and a run without --preset has the tuned one.
  assert.equal(presetText(defaults), "tuned");
  assert.equal(presetText(newConfig({ scenarioName: "wheel", nIters: 3, seed: 9 }, "seed")), "seed");
  const wheel = newConfig({ scenarioName: "wheel", lr: 0.5, nAgents: 2 });
  assert.equal(presetText(wheel), "seed, but nAgents 2, lr 0.5");
});

Deno.test("newConfig() refuses four agents of buzz_wire", () => {
  assert.throws(
    () => newConfig({ scenarioName: "buzz_wire", nAgents: 4 }),
    /^UsageError: --n-agents 4 does not go with/,
  );
});

const refused: readonly (readonly [Record<string, unknown>, string])[] = [
  [{ nAgents: 0 }, "--n-agents takes a whole number from 1 to 64, not 0."],
  [{ nAgents: 2.5 }, "--n-agents takes a whole number from 1 to 64, not 2.5."],
  [{ nAgents: "three" }, '--n-agents takes a whole number from 1 to 64, not "three".'],
  [{ nAgents: null }, "--n-agents takes a whole number from 1 to 64, not null."],
  [{ maxSteps: 0 }, "--max-steps takes a whole number from 1 to 1,000,000, not 0."],
  [{ nIters: -1 }, "--n-iters takes a whole number from 1 to 10,000,000, not -1."],
  [{ framesPerBatch: 1e12 }, "--frames-per-batch takes a whole number from 1 to 100,000,000, not 1000000000000."],
  [{ numEpochs: 0 }, "--num-epochs takes a whole number from 1 to 10,000, not 0."],
  [{ minibatchSize: 0 }, "--minibatch-size takes a whole number from 1 to 100,000,000, not 0."],
  [{ lr: 0 }, "--lr takes a number above 0, at most 1, not 0."],
  [{ lr: 1.5 }, "--lr takes a number above 0, at most 1, not 1.5."],
  [{ lr: NaN }, "--lr takes a number above 0, at most 1, not NaN."],
  [{ maxGradNorm: 0 }, "--max-grad-norm takes a number above 0, at most 1,000,000,000, not 0."],
  [{ clipEpsilon: 2 }, "--clip-epsilon takes a number above 0, at most 1, not 2."],
  [{ entropyEps: -1e-9 }, "--entropy-eps takes a number from 0 to 100, not -1e-9."],
  [{ gamma: 1.01 }, "--gamma takes a number from 0 to 1, not 1.01."],
  [{ lmbda: -0.1 }, "--lmbda takes a number from 0 to 1, not -0.1."],
  [{ seed: 2 ** 32 }, "--seed takes a whole number from 0 to 4,294,967,295, not 4294967296."],
  [
    { recurrent: "lstm", minibatchSize: 5 },
    "--minibatch-size 5 is less than a sequence of --sequence-length 10: minibatches are of whole ones.",
  ],
  ...["gpu", "cuda:0", "mps"].map((device) =>
    [
      { device },
      `--device takes one of auto, cpu, webgpu, not "${device}": a GPU is webgpu, or auto, which takes one if there is one.`,
    ] as const
  ),
  [{ device: "tpu" }, '--device takes one of auto, cpu, webgpu, not "tpu".'],
  [{ algorithm: "ppo" }, '--algorithm takes one of mappo, ippo, trpo, not "ppo": did you mean ippo?'],
  [
    { normalizeAdvantages: true, framesPerBatch: 1, maxSteps: 1, minibatchSize: 1 },
    "--normalize-advantages needs more than one frame in a batch, since one number has no deviation: give more " +
    "--frames-per-batch, or --no-normalize-advantages.",
  ],
  [
    { scenarioName: "buzz_wire" },
    "--n-agents 3 does not go with buzz_wire, which is for two agents: give --n-agents 2.",
  ],
  [{ shareParameters: 1 }, '"shareParameters" is true or false, not 1.'],
  [{ actions: "both" }, '--actions takes one of continuous, discrete, not "both".'],
  [{ lrSchedule: "steps" }, '--lr-schedule takes one of constant, linear, cosine, not "steps".'],
  [{ clipValue: -1 }, "--clip-value takes a number from 0 to 1,000,000, not -1."],
  [{ saveEvery: 0 }, "--save-every takes a whole number from 1 to 10,000,000, not 0."],
  [{ learningRate: 1 }, '"learningRate" is no setting: did you mean "lr"?'],
  [{ num_epochs: 1 }, '"num_epochs" is no setting: did you mean "numEpochs"?'],
  [{ colour: 1 }, '"colour" is no setting.'],
  [
    { minibatchSize: 6001 },
    "--minibatch-size 6001 is larger than the batch of 6000 frames: give at most 6000, or more --frames-per-batch.",
  ],
  [
    { framesPerBatch: 99, minibatchSize: 9 },
    "--frames-per-batch 99 is less than one episode of --max-steps 100: give at least 100 frames.",
  ],
];

for (const [change, sentence] of refused) {
  Deno.test(`parseConfig() refuses ${JSON.stringify(change)} in one sentence`, () => {
    assert.equal(refusal(change), sentence);
  });
}

Deno.test("parseConfig() says which setting is missing", () => {
  const { lr: _, ...rest } = defaults;
  assert.throws(() => parseConfig(rest), new UsageError("--lr is missing."));
});

Deno.test("batchOf() uses every frame, also where the numbers do not divide", () => {
  const batch = (framesPerBatch: number, maxSteps: number, minibatchSize: number, actionRepeat = 1) =>
    batchOf({ framesPerBatch, maxSteps, minibatchSize, actionRepeat });
  assert.deepEqual(batch(6000, 100, 400), { envs: 60, steps: 100, frames: 6000, minibatches: 15 });
  assert.deepEqual(batch(6000, 100, 4096), { envs: 60, steps: 100, frames: 6000, minibatches: 2 });
  assert.deepEqual(batch(32768, 500, 8192), { envs: 65, steps: 505, frames: 32825, minibatches: 5 });
  assert.deepEqual(batch(4096, 150, 1024), { envs: 27, steps: 152, frames: 4104, minibatches: 5 });
  assert.deepEqual(batch(6000, 100, 500, 4), { envs: 60, steps: 25, frames: 6000, minibatches: 3 });
  assert.deepEqual(batch(4096, 150, 100, 4), { envs: 26, steps: 40, frames: 4160, minibatches: 11 });
});

Deno.test("parseConfig() judges a minibatch by the frames that are collected, not by those that were asked for", () => {
  const uneven = { framesPerBatch: 4096, maxSteps: 150 };
  assert.doesNotThrow(() => parseConfig({ ...defaults, ...uneven, minibatchSize: 4104 }));
  assert.match(refusal({ ...uneven, minibatchSize: 4105 }), /larger than the batch of 4104 frames/);
  assert.match(refusal({ ...uneven, actionRepeat: 4, minibatchSize: 1041 }), /larger than the batch of 1040 actions/);
});

Deno.test("resumedConfig() takes more iterations, another device and another --save-every, and refuses what would change the numbers", () => {
  const same: Partial<Config> = { lr: defaults.lr, seed: defaults.seed };
  assert.deepEqual(resumedConfig(defaults, same), defaults);
  assert.deepEqual(resumedConfig(defaults, { nIters: 20, saveEvery: 1 }), { ...defaults, nIters: 20, saveEvery: 1 });
  const watched = { evalEvery: 3, earlyStop: 2.5, device: "webgpu" } as const;
  assert.deepEqual(resumedConfig(defaults, watched), { ...defaults, ...watched });
  const fewer = new UsageError("--n-iters 5 is less than the 10 of the run: it can only be raised.");
  assert.throws(() => resumedConfig(defaults, { nIters: 5 }), fewer);
  const other = new UsageError(
    "--lr 0.001 differs from the 0.0003 of the run that is resumed: leave it out, or start a new run.",
  );
  assert.throws(() => resumedConfig(defaults, { lr: 1e-3 }), other);
});

Deno.test("resumedConfig() takes no more iterations where the learning rate ends with them", () => {
  const run: Config = { ...defaults, lrSchedule: "cosine" };
  assert.deepEqual(resumedConfig(run, { nIters: run.nIters }), run);
  assert.throws(() => resumedConfig(run, { nIters: 20 }), /^UsageError: --n-iters 20 would change the cosine schedule/);
  const softer: Config = { ...defaults, entropySchedule: "linear" };
  assert.throws(() => resumedConfig(softer, { nIters: 20 }), /the linear schedule of the entropy bonus/);
});

Deno.test("a flag that has no part in a run is refused, with what it would need; a configuration may hold it", () =>
  withFolder(async (out) => {
    const [trust, swarm] = ["a fusion that learns, as --algorithm trust-consensus-mappo has one", "spoofed_swarm"];
    const idle: readonly (readonly [line: string, needs: string, and: string])[] = [
      ["--sequence-length 5", "--recurrent lstm or gru", "--recurrent gru"],
      ["--distribution clipped --actions discrete", "--actions continuous", ""],
      ["--entropy-schedule linear --entropy-eps 0", "an --entropy-eps above 0", ""],
      ["--track-seed 3 --scenario-name vehicle", "--track random", "--track random"],
      ["--track-count 3 --scenario-name vehicle", "--track random", "--track random"],
      [`--trust-lr 0.1 --scenario-name ${swarm} --algorithm vanilla-mappo`, trust, ""],
      [`--flights 4 --scenario-name ${swarm} --algorithm lstm-mappo`, trust, ""],
    ];
    const told = async (line: string) => await run([...line.split(" ").filter(Boolean), "--print-config"]);
    for (const [line, needs, and] of idle) {
      const { err } = await told(line);
      assert.equal(err, `error: ${line.split(" ")[0]} has no part without ${needs}: leave it out, or give that.\n`);
      if (and !== "") assert.equal((await told(`${line} ${and}`)).err, "");
    }
    // Of several algorithms some have a part for it, and a configuration is of runs that there were.
    const all = await run(
      `--scenario-name ${swarm} --algorithm all --flights 4 --sequence-length 5 --dry-run`.split(" "),
    );
    assert.deepEqual([all.code, all.err], [0, ""]);
    const file = join(out, "config.json");
    Deno.writeTextFileSync(file, (await told("--lr 0.01")).out);
    assert.equal((await told(`--config ${file} --gamma 0.9`)).err, "");
  }));
