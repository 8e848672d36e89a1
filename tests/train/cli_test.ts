import assert from "node:assert/strict";
import { parseCommand } from "../../lib/train/command/command.ts";
import { helpText, scenarioHelp } from "../../lib/train/command/help.ts";
import { secondsOf } from "../../lib/train/command/duration.ts";
import { UsageError } from "../../lib/systems/usage.ts";
import { editDistance } from "../../lib/train/command/nearest.ts";
import { shellWord } from "../../lib/train/command/flags.ts";
import { flagOf, type Option } from "../../lib/systems/option.ts";
import { systems } from "../../lib/systems/registry.ts";
import { running } from "../../lib/systems/settings.ts";
import { controls, everySetting, settingsOf } from "../../lib/train/command/tables.ts";

const seedCommand = "--scenario-name navigation --n-agents 3 --frames-per-batch 6000 --max-steps 100 --n-iters 10 " +
  "--num-epochs 30 --minibatch-size 400 --lr 3e-4 --max-grad-norm 1.0 --clip-epsilon 0.2 --entropy-eps 1e-4 " +
  "--gamma 0.99 --lmbda 0.9";

Deno.test("parseCommand() reads every kind of flag, in both spellings of a value", () => {
  assert.deepEqual(parseCommand(seedCommand.split(" ")).given, {
    scenarioName: "navigation",
    nAgents: 3,
    framesPerBatch: 6000,
    maxSteps: 100,
    nIters: 10,
    numEpochs: 30,
    minibatchSize: 400,
    lr: 3e-4,
    maxGradNorm: 1,
    clipEpsilon: 0.2,
    entropyEps: 1e-4,
    gamma: 0.99,
    lmbda: 0.9,
  });
  const { given, controls } = parseCommand(["--lr=1e-3", "--out=a b", "--dry-run", "--device", "cpu"]);
  assert.deepEqual(given, { lr: 1e-3, device: "cpu" });
  assert.deepEqual(controls, { out: "a b", dryRun: true });
});

Deno.test("parseCommand() knows the no of what is true or false", () => {
  const given = (line: string) => parseCommand(line.split(" ")).given;
  assert.deepEqual(given("--share-parameters --no-normalize-values"), {
    shareParameters: true,
    normalizeValues: false,
  });
  assert.deepEqual(given("--no-share-parameters --normalize-values"), {
    shareParameters: false,
    normalizeValues: true,
  });
});

Deno.test("parseCommand() fills nothing in", () => {
  assert.deepEqual(parseCommand([]), { given: {}, seeds: [], controls: {} });
});

const refused: readonly (readonly [string, string])[] = [
  ["--minibatch 400", "--minibatch is no flag of train: did you mean --minibatch-size?"],
  ["--wings 2", "--wings is no flag of train: see --help."],
  ["--minibatchsize 400", "--minibatchsize is no flag of train: did you mean --minibatch-size?"],
  ["--frames_per_batch 6000", "--frames_per_batch is no flag of train: did you mean --frames-per-batch?"],
  ["--gama 0.9", "--gama is no flag of train: did you mean --gamma?"],
  ["--lambda 0.9", "--lambda is no flag of train: did you mean --lmbda?"],
  ["--sede 1", "--sede is no flag of train: did you mean --seed?"],
  ["--learning-rate 1", "--learning-rate is no flag of train: did you mean --lr?"],
  ["--total-timesteps 1", "--total-timesteps is no flag of train: did you mean --num-timesteps?"],
  ["--output runs", "--output is no flag of train: did you mean --out?"],
  ["--output-dir runs", "--output-dir is no flag of train: did you mean --out?"],
  ["--num-envs 1", "--num-envs is no flag of train: did you mean --envs?"],
  ["--num-steps 1", "--num-steps is no flag of train: did you mean --frames-per-batch?"],
  ["--colour red", "--colour is no flag of train: see --help."],
  ["-s 1", "-s is no flag of train: see --help."],
  ["navigation", '"navigation" is not a flag: did you mean --scenario-name navigation?'],
  ["HalfCheetah-v5", '"HalfCheetah-v5" is not a flag: did you mean --scenario-name half_cheetah?'],
  ["./world.ts", '"./world.ts" is not a flag: did you mean --scenario-name ./world.ts?'],
  ["output/wheel", '"output/wheel" is not a flag: did you mean --resume output/wheel?'],
  ["faster", '"faster" is not a flag: every argument of train begins with --, see --help.'],
  ["--lr", "--lr has no value: it takes a number above 0, at most 1."],
  ["--lr=", "--lr has no value: it takes a number above 0, at most 1."],
  ["--lr --seed 3", "--lr has no value: it takes a number above 0, at most 1."],
  ["--resume --dry-run", "--resume has no value: it takes a path."],
  ["--dry-run=yes", '--dry-run takes no value: leave "=yes" out.'],
  ["--share-parameters=false", "--share-parameters takes no value: give --no-share-parameters."],
  ["--no-share-parameters=1", '--no-share-parameters takes no value: leave "=1" out.'],
  ["--share-parameters --no-share-parameters", "--no-share-parameters is given twice."],
  ["--no-dry-run", "--no-dry-run is no flag of train: see --help."],
  ["--preset best", '--preset takes one of seed, tuned, walk, walk_target, not "best".'],
  ["--lr 1 --lr 2", "--lr is given twice."],
  ["--seed 1,2 --seed 1", "--seed 1,2,1 names a seed twice."],
  ["--max-time 90", "--max-time takes a time such as 90s, 20m or 1h30m, not 90."],
  ["--max-time 0s", "--max-time takes a time such as 90s, 20m or 1h30m, not 0s."],
];

/** Flags of Stable-Baselines3, its Zoo, CleanRL, RLlib, TorchRL and nanoGPT, and what they are here. */
const elsewhere = {
  "--scenario-name": "env env-id env_name environment task scenario",
  "--algorithm": "algo agent",
  "--seed": "seeds n-seeds",
  "--num-timesteps": "total-timesteps n-timesteps timesteps total-frames frames",
  "--n-iters": "max-iters iterations num-iterations",
  "--envs": "n-envs num_envs",
  "--num-epochs": "n-epochs update-epochs",
  "--clip-epsilon": "clip-range clip-coef",
  "--clip-value": "clip-range-vf clip-vloss",
  "--entropy-eps": "ent-coef entropy-coeff",
  "--lmbda": "gae-lambda lam",
  "--gamma": "discount",
  "--normalize-advantages": "norm-adv normalize-advantage",
  "--max-grad-norm": "grad-clip",
  "--lr-schedule": "anneal-lr",
  "--hidden-size": "hidden hidden-dim hidden-sizes",
  "--recurrent": "lstm",
  "--save-every": "save-freq checkpoint-freq",
  "--eval-every": "eval-freq",
  "--early-stop": "stop-reward",
  "--max-time": "timeout",
  "--resume": "load checkpoint resume-from",
  "--device": "cuda",
  "--out": "log-dir tensorboard-log",
  "--context-length": "block-size",
  "--accumulate": "gradient-accumulation-steps",
};

Deno.test("a flag that is called otherwise elsewhere is told by its name here", () => {
  for (const [flag, others] of Object.entries(elsewhere)) {
    for (const other of others.split(" ")) {
      const sentence = `--${other} is no flag of train: did you mean ${flag}?`;
      assert.throws(() => parseCommand([`--${other}`, "1"]), new UsageError(sentence));
    }
  }
});

Deno.test("-h is --help", () => assert.deepEqual(parseCommand(["-h"]).controls, { help: true }));

for (const [line, sentence] of refused) {
  Deno.test(`parseCommand() refuses "${line}" in one sentence`, () => {
    assert.throws(() => parseCommand(line.split(" ")), new UsageError(sentence));
  });
}

Deno.test("parseCommand() leaves what is no decimal number to the schema, negative numbers included", () => {
  assert.deepEqual(parseCommand(["--lr", "-1"]).given, { lr: -1 });
  assert.deepEqual(parseCommand(["--lr", "0x10", "--seed", "Infinity", "--gamma", " "]).given as unknown, {
    lr: "0x10",
    seed: "Infinity",
    gamma: " ",
  });
});

Deno.test("parseCommand() takes several seeds, in one flag or in several; one alone is a setting", () => {
  for (const line of ["--seed 0,1,2", "--seed 0 --seed 1 --seed 2", "--seed=0,1 --seed=2"]) {
    const { given, seeds } = parseCommand(line.split(" "));
    assert.deepEqual([given, seeds], [{}, [0, 1, 2]]);
  }
  assert.deepEqual(parseCommand(["--seed", "7"]), { given: { seed: 7 }, seeds: [7], controls: {} });
});

Deno.test("secondsOf() reads hours, minutes and seconds, and nothing without a unit", () => {
  const times = ["90s", "20m", "2h", "1h30m", "1.5h", "1m30s"].map(secondsOf);
  assert.deepEqual(times, [90, 1200, 7200, 5400, 5400, 90]);
  for (const text of ["", "90", "m", "5 m", "1d", "-5m", "30m1h"]) assert.equal(secondsOf(text), null, text);
});

Deno.test("editDistance() counts insertions, deletions, replacements and swaps", () => {
  assert.equal(editDistance("seed", "seed"), 0);
  assert.equal(editDistance("sede", "seed"), 1);
  assert.equal(editDistance("", "seed"), 4);
  assert.equal(editDistance("gama", "gamma"), 1);
  assert.equal(editDistance("kitten", "sitting"), 3);
});

function explains(text: string, table: Readonly<Record<string, Option>>, initials: Readonly<Record<string, unknown>>) {
  const lines = text.split("\n");
  for (const [name, option] of Object.entries(table)) {
    const own = lines.filter((line) => line.startsWith(`  ${flagOf(name)} `));
    assert.equal(own.length, 1, name);
    assert.ok(own[0]!.includes(option.help), name);
    const initial = initials[name] ?? ("initial" in option ? option.initial : null);
    if (initial !== null) assert.ok(own[0]!.endsWith(`[${initial}]`), name);
  }
  const wide = lines.filter((line) => line.length > 110 || line.endsWith(" "));
  assert.deepEqual(wide, []);
}

Deno.test("helpText() names every system and explains every common flag once, with its default", () => {
  const text = helpText();
  explains(text, { ...running, ...controls }, {});
  for (const { scenarios, algorithms } of systems) {
    for (const name of [...Object.keys(scenarios), ...Object.keys(algorithms)]) assert.ok(text.includes(name), name);
  }
});

for (const system of systems) {
  for (const scenario of Object.keys(system.scenarios)) {
    for (const algorithm of Object.keys(system.algorithms)) {
      Deno.test(`scenarioHelp() of ${scenario} by ${algorithm} explains every flag once, with the preset's default`, () => {
        for (const preset of system.presets) {
          const text = scenarioHelp(system, scenario, algorithm, preset);
          const initials = { ...system.preset(preset, scenario, algorithm), scenarioName: scenario, algorithm };
          const { algorithm: _, ...settings } = settingsOf(system, algorithm);
          explains(text, { ...settings, ...controls }, initials);
          assert.match(text, new RegExp(`\\n  --algorithm NAME +how it learns, see below; .*\\[${algorithm}\\]\\n`));
        }
      });
    }
  }
}

Deno.test("the same flag is of the same kind in every system, so that arguments can be read before theirs is known", () => {
  const kinds = new Map<string, string>();
  for (const system of systems) {
    for (const algorithm of Object.keys(system.algorithms)) {
      for (const [name, { kind }] of Object.entries({ ...settingsOf(system, algorithm), ...controls })) {
        assert.equal(kinds.get(name) ?? kind, kind, name);
        kinds.set(name, kind);
      }
    }
  }
});

Deno.test("docs/flags.md has every flag, the README some, and both the defaults of numbers as they are", () => {
  const rowsOf = (path: string) =>
    Deno.readTextFileSync(new URL(`../../${path}`, import.meta.url))
      .split("\n").filter((line) => line.startsWith("| `--")).map((line) => line.split("|"));
  const [all, some] = ["docs/flags.md", "README.md"].map(rowsOf) as [string[][], string[][]];
  const table: Record<string, Option> = { ...everySetting(), ...controls };
  for (const [name, option] of Object.entries(table)) {
    const rowIn = (rows: string[][]) => rows.find(([, flags]) => flags!.includes(`\`${flagOf(name)}\``));
    assert.ok(rowIn(all), `${flagOf(name)} is not in docs/flags.md`);
    const initial = option.kind === "integer" || option.kind === "number" ? option.initial : null;
    if (initial === null) continue;
    for (const row of [rowIn(all), rowIn(some)].filter((x) => x !== undefined)) {
      const [flags, defaults] = [row[1]!, row[2]!].map((cell) => cell.split(",").map((x) => x.trim()));
      assert.equal(Number(defaults![flags!.indexOf(`\`${flagOf(name)}\``)]), initial, flagOf(name));
    }
  }
  const known = new Set(Object.keys(table).map((name) => `\`${flagOf(name)}\``));
  assert.deepEqual(
    some.flatMap(([, flags]) => flags!.split(",").map((x) => x.trim()).filter((x) => !known.has(x))),
    [],
  );
});

Deno.test("a command that is told can be typed: of each word a shell makes what was meant", async () => {
  const meant = ["output/run-1", "a b", "it's", "a\\b", "$(touch x)", "a;b", "*", "line\nbreak"];
  const { stdout } = await new Deno.Command("sh", {
    args: ["-c", `printf '%s\\0' ${meant.map(shellWord).join(" ")}`],
  }).output();
  assert.deepEqual(new TextDecoder().decode(stdout).split("\0").slice(0, -1), meant);
});
