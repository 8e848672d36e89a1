/** A swarm's run, by the command: bit for bit after a stop, evaluated under other attacks, beside scripted fusions, and drawn. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { evalTool } from "../../lib/train/look/eval.ts";
import { renderTool } from "../../lib/train/look/render.ts";
import { createTrainer } from "../../lib/train/look/target.ts";
import { logged, onlyRun, run, runCommand, withFolder } from "./harness.ts";

const scenario = "--scenario-name spoofed_swarm --device cpu";
const flags = `${scenario} --hidden-size 8 --frames-per-batch 40 --envs 4 --max-steps 10 --minibatch-size 20 ` +
  "--num-epochs 1 --n-iters 3 --seed 3 --n-agents 4";
const trust = "--flights 4 --trust-updates 1 --trust-horizon 5";
const all = `${flags} ${trust} --trust-hidden-size 4`;

Deno.test("a swarm's run that is stopped and resumed ends as if it had not stopped, is evaluated and drawn", () =>
  withFolder(async (base) => {
    const [whole, stopped] = [join(base, "whole"), join(base, "stopped")];
    const first = await run([...all.split(" "), "--out", whole], { createTrainer });
    assert.deepEqual([first.code, first.err], [0, ""]);
    assert.match(first.out, /1 epoch of 2 minibatches, and trust from 1 x 4 flights\n/);
    assert.equal((await run([...all.split(" "), "--out", stopped], { createTrainer, stopAfter: 2 })).code, 130);
    const resumed = await run(["--resume", onlyRun(stopped, "spoofed_swarm")], { createTrainer });
    assert.deepEqual([resumed.code, resumed.err], [0, ""]);
    const rows = logged(onlyRun(stopped, "spoofed_swarm")) as { readonly metrics: Readonly<Record<string, number>> }[];
    assert.deepEqual(rows, logged(onlyRun(whole, "spoofed_swarm")));
    const names = ["train/trust_loss", "train/position_error", "train/trust_grad_norm", "train/approx_kl"];
    for (const name of names) {
      assert.ok(Number.isFinite(rows.at(-1)!.metrics[name]), name);
    }

    const found = onlyRun(whole, "spoofed_swarm");
    const evaluated = await runCommand(
      evalTool,
      found,
      "--episodes",
      "4",
      "--under-attack",
      "jump",
      "--under-liars",
      "2",
    );
    assert.match(evaluated.out, /^spoofed_swarm, 4 agents: deterministic policy of .*\n4 episodes of at most 10 steps/);
    for (const name of ["success_attacked", "success_clean", "error_attacked", "false_alarms", "dropped_bad"]) {
      assert.match(evaluated.out, new RegExp(`\\n${name} +[\\d.]+`));
    }
    assert.equal((await runCommand(evalTool, found, "--episodes", "2", "--straight", "--sees", "truth")).code, 0);
    const drawn = await runCommand(renderTool, found, "--out", join(base, "flight"));
    assert.equal(drawn.code, 0);
    assert.match(Deno.readTextFileSync(join(base, "flight-errors.svg")), /trust in sources that are off/);
  }));

Deno.test("every algorithm of the swarm learns for an iteration", () =>
  withFolder(async (base) => {
    for (const algorithm of ["trust-mappo", "lstm-detector-mappo", "lstm-mappo", "vanilla-mappo"]) {
      const args = flags.replace("--n-iters 3", "--n-iters 1") + (/lstm-m|vanilla/.test(algorithm) ? "" : ` ${trust}`);
      const out = join(base, algorithm);
      const done = await run([...args.split(" "), "--algorithm", algorithm, "--out", out], { createTrainer });
      assert.deepEqual([algorithm, done.code, done.err], [algorithm, 0, ""]);
    }
  }));

Deno.test("scripted fusions fly by the command, and what a swarm cannot be is refused by it", async () => {
  const { code, out } = await runCommand(
    evalTool,
    ...["spoofed_swarm", "--controller", "soft_declared", "--episodes", "8", "--fraction", "0", "--liars", "0"],
  );
  assert.equal(code, 0);
  assert.match(out, /the controller "soft_declared"\n8 episodes of at most 48 steps/);
  assert.match(out, /\nsuccess_clean +[\d.]+/);
  assert.ok(!/success_attacked/.test(out));
  const table = await runCommand(evalTool, "spoofed_swarm", "--controller", "oracle", "--episodes", "4", "--by-attack");
  assert.match(
    table.out,
    /^spoofed_swarm: oracle, 4 episodes a row, seed 0, 95% intervals\n\n +attacked arrive +clean arrive/,
  );
  assert.match(table.out, /\nstandard +[\d.]+% \+- [\d.]+ /);
  assert.match(table.out, /\nno attack +- +100\.0% /);
  const refused = async (line: string) =>
    (await run([...scenario.split(" "), ...line.split(" ")], { createTrainer })).err;
  assert.equal(
    await refused("--liars 6"),
    "error: spoofed_swarm: 6 liars and 4 spoofed receivers are more than the 8 agents: liars are not spoofed. Give fewer " +
      "liars, or a smaller fraction.\n",
  );
  assert.equal(
    await refused("--attack lie"),
    'error: --attack takes one of drift, jump, accel, inter, delay, pre, not "lie".\n',
  );
  const unflown = async (line: string) => {
    const { code, err } = await runCommand(evalTool, "spoofed_swarm", "--controller", "gps", ...line.split(" "));
    assert.equal(code, 2, line);
    return err;
  };
  assert.equal(
    await unflown("--under-liars 7"),
    "error: spoofed_swarm: 7 liars and 4 spoofed receivers are more than the 8 agents: liars are not spoofed. Give fewer " +
      "liars, or a smaller fraction.\n",
  );
  assert.equal(
    await unflown("--sees truth"),
    "error: --sees truth is of the flights of a run, and --controller gps flies without one. Give one of the two.\n",
  );
  assert.match(await unflown("--straight"), /^error: --straight is of the flights of a run, /);
  assert.equal(
    await unflown("--by-attack --under-fraction 0.75"),
    "error: --under-fraction 0.75 is of one attack, and --by-attack flies under each of its own. Give one of the two.\n",
  );
  const { err } = await runCommand(evalTool, "spoofed_swarm", "--controller", "lqr");
  assert.match(err, /^error: --controller takes one of gps, dead_reckoning, gate, .*, truth, not "lqr"\.\n$/);
});

Deno.test("--algorithm all is a run by each algorithm and seed, of which each takes the settings that it knows", () =>
  withFolder(async (base) => {
    const args = [...all.replace("--seed 3", "--seed 0,1").split(" "), "--algorithm", "all", "--out", base];
    const { code, err, out } = await run(args);
    assert.deepEqual([code, err], [0, ""]);
    const series = onlyRun(base, "spoofed_swarm");
    const folders = [...Deno.readDirSync(series)].filter(({ isDirectory }) => isDirectory).map(({ name }) => name)
      .sort();
    const names = ["lstm-detector-mappo", "lstm-mappo", "trust-consensus-mappo", "trust-mappo", "vanilla-mappo"];
    assert.deepEqual(folders, names.flatMap((name) => [0, 1].map((seed) => `${name}-seed-${seed}`)));
    const config = (name: string) => JSON.parse(Deno.readTextFileSync(join(series, `${name}-seed-1`, "config.json")));
    assert.equal(config("trust-consensus-mappo").trustHiddenSize, 4);
    assert.ok(!("trustHiddenSize" in config("vanilla-mappo")));
    assert.equal(config("lstm-mappo").recurrent, "lstm");
    for (const name of names) {
      assert.match(out, new RegExp(`\\n  ${name} +seed 0 +[-\\d.]+ +finished`));
      assert.match(out, new RegExp(`\\n${name}: [-\\d.]+ \\+- [\\d.]+ \\(mean and standard deviation of 2 seeds\\)`));
    }
    assert.equal((await run(["--resume", series])).code, 0);
    assert.equal(
      (await run(["--scenario-name", "spoofed_swarm", "--algorithm", "all", "--motion", "walk"])).code,
      2,
    );
    assert.equal(
      (await run([...scenario.split(" "), "--algorithm", "all", "--print-config"])).err,
      "error: --print-config prints the settings of one algorithm: name one in place of --algorithm all.\n",
    );
  }));
