/** The folder of a sweep may come from a stranger, and what Slurm and Ray answer from anybody: nothing of it is believed unseen. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { WriteError } from "../../lib/train/files/error.ts";
import { local } from "../../lib/train/sweep/local.ts";
import type { Engine } from "../../lib/train/sweep/launcher.ts";
import { ray } from "../../lib/train/sweep/ray/engine.ts";
import { runsOf, sweepOf } from "../../lib/train/sweep/spec.ts";
import { slurm } from "../../lib/train/sweep/slurm/engine.ts";
import { UsageError } from "../../lib/systems/usage.ts";
import { capture, filesBelow, withFolder } from "../train/harness.ts";
import { quick, sweep, yaml } from "./harness.ts";

const whole = {
  ...{ name: "s", settings: { scenarioName: "navigation" }, preset: null, axes: {}, seeds: [0], search: "grid" },
  ...{ draws: null, drawSeed: 0, firstRung: null, eta: null, threads: 1 },
};

/** What is wrong with what a folder notes, and what is said of it. */
const damaged: readonly (readonly [noted: unknown, sentence: RegExp])[] = [
  [null, /it does not say what is swept/],
  ["sweep", /it does not say what is swept/],
  [{ ...whole, settings: null }, /settings takes values by name, not null/],
  [{ ...whole, axes: null }, /axes takes values by name, not null/],
  [{ ...whole, axes: [] }, /axes takes values by name, not \[\]/],
  [{ ...whole, seeds: [] }, /seeds is an empty list/],
  [{ ...whole, seeds: ["1"] }, /seeds takes a whole number/],
  [{ ...whole, search: "all" }, /search takes one of grid, random, asha/],
  [{ ...whole, search: "random", draws: 1e9 }, /draws takes a whole number from 1 to 100,000/],
  [{ ...whole, search: "asha", draws: 2, eta: 0 }, /eta takes a whole number from 2 to 100/],
  [{ ...whole, name: "../s" }, /its name is "\.\.\/s"/],
  [{ ...whole, threads: -5 }, /threads is -5/],
  [{ ...whole, threads: undefined }, /threads is nothing/],
  [{ ...whole, settings: undefined }, /it does not say settings/],
  [{ ...whole, drawSeed: undefined }, /it does not say drawSeed/],
  [{ ...whole, more: 1 }, /"more" is no key of a sweep/],
];

Deno.test("a folder that notes no whole sweep is refused by the part that is wrong, and nothing is trained", () =>
  withFolder(async (base) => {
    const path = join(base, "sweep.json");
    for (const [noted, sentence] of damaged) {
      Deno.writeTextFileSync(path, JSON.stringify(noted));
      const { code, err, jobs } = await sweep([base]);
      assert.deepEqual([code, jobs], [2, 0], err);
      assert.match(err, sentence);
      assert.match(err, /^error: \S+sweep\.json is damaged: [^\n]*[^.]\.\n$/);
    }
    assert.deepEqual(filesBelow(base), ["sweep.json"]);
  }));

Deno.test("a run of a sweep that is a link to elsewhere is refused before anything is trained", () =>
  withFolder(async (base) => {
    const file = yaml(base, `{ settings: { ${quick}, nIters: 2 }, seeds: 2 }`);
    const [run, elsewhere] = [join(base, "s", "0001-s1"), join(base, "elsewhere")];
    assert.equal((await sweep([file, "--out", base, "--max-runs", "1"])).code, 0);
    Deno.renameSync(run, elsewhere);
    Deno.symlinkSync(elsewhere, run);
    const before = filesBelow(elsewhere);
    const { code, err, jobs } = await sweep([file, "--out", base]);
    assert.deepEqual([code, jobs], [1, 0]);
    assert.equal(
      err,
      `error: ${run} could not be written: it is a link, which is not followed: put the folder itself there.\n`,
    );
    assert.deepEqual(filesBelow(elsewhere), before);
  }));

const work = (folder: string) => ({
  ...{ name: "s", folder, runs: 1, threads: 1, command: ["deno", "run"], next: null },
  out: capture(),
});

const engines: readonly (readonly [engine: Engine, folder: string, values: Readonly<Record<string, unknown>>])[] = [
  [local, ".local", { processes: null }],
  [slurm, ".slurm", { partition: null, time: null, cpus: 1, gpus: null, account: null, prologue: null }],
  [ray, ".ray", { address: "http://127.0.0.1:9", cpus: 1, gpus: null }],
];

for (const [engine, name, values] of engines) {
  Deno.test(`what --on ${engine.name} keeps in a sweep is kept there: a link in its place is refused, and nothing goes`, () =>
    withFolder(async (base) => {
      const [folder, elsewhere] = [join(base, "s"), join(base, "elsewhere")];
      for (const path of [folder, elsewhere]) Deno.mkdirSync(path);
      Deno.writeTextFileSync(join(elsewhere, "0001-s0"), "mine");
      Deno.symlinkSync(elsewhere, join(folder, name));
      const begun = async (): Promise<unknown> => await (await engine.open(work(folder), values)).begun();
      await assert.rejects(
        begun,
        (error: Error) => error instanceof WriteError && /it is a link, which is not followed/.test(error.message),
      );
      assert.deepEqual(filesBelow(elsewhere), ["0001-s0"]);
    }));
}

Deno.test("what was noted of Slurm's jobs and Ray's, damaged, is told with what to do", () =>
  withFolder(async (base) => {
    const submission = join(base, ".slurm", "1");
    Deno.mkdirSync(submission, { recursive: true });
    for (
      const text of ["{", "null", '{ "name": "a b", "ids": [] }', '{ "name": "a" }', '{ "name": "a", "ids": [1] }']
    ) {
      Deno.writeTextFileSync(join(submission, "jobs.json"), text);
      assert.throws(
        () => slurm.open(work(base), engines[1]![2]),
        (error: Error) =>
          error instanceof UsageError &&
          /jobs\.json is damaged: .*\. When squeue shows none of its runs any more, remove \S+\/1\.$/.test(
            error.message,
          ),
        text,
      );
    }
    Deno.mkdirSync(join(base, ".ray"));
    Deno.writeTextFileSync(join(base, ".ray", "token"), "\n");
    await assert.rejects(
      () => ray.open(work(base), engines[2]![2]),
      (error: Error) =>
        error instanceof UsageError && /token is damaged: it is no name of a sweep\./.test(error.message),
    );
  }));

Deno.test("a sweep may say what only some of its runs use", async () => {
  const settings = { scenarioName: "vehicle", trackCount: 4 }, axes = { track: ["circuit", "random"] };
  const { spec } = sweepOf({ settings, axes }, {}, {});
  assert.equal((await runsOf({ ...spec, name: "tracks" })).length, 2);
});
