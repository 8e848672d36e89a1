/**
 * Sweeps as processes, and kill -9 of them at random moments: a few in the suite. KILLS=25 KILL_SEED=7 deno test -A
 * tests/sweep/kill_test.ts for so many of each kind, and others; each is told then.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { HostRandom } from "../../lib/tensor/host_random.ts";
import { readRun } from "../../lib/train/look/records.ts";
import { logged, withFolder } from "../train/harness.ts";
import { quick, yaml } from "./harness.ts";
import { assertSurvives, begin } from "./kills.ts";

const wanted = Deno.env.get("KILLS");
const seed = Number(Deno.env.get("KILL_SEED") ?? 0);
const kills = Number(wanted ?? 1);
const tell = wanted === undefined ? undefined : (what: string) => console.log(what);
const size = wanted === undefined ? { runs: 2, iterations: 60 } : { runs: 2 * kills, iterations: 40 };

for (const all of wanted === undefined ? [false] : [false, true]) {
  const what = all ? "with all its runs" : "while its runs go on";
  Deno.test(`a sweep that is killed ${what}, ${kills} times, loses nothing and trains nothing twice`, () =>
    withFolder((base) =>
      assertSurvives(base, { kills, random: new HostRandom(seed), all, ...size, ...tell && { tell } })
    ));
}

Deno.test("Ctrl-C of a sweep ends its runs as Ctrl-C does, each saved, and says how to go on", () =>
  withFolder(async (base) => {
    const file = yaml(base, `{ settings: { ${quick}, nIters: 10000 }, seeds: 2, local: { processes: 2 } }`);
    const sweep = begin([file, "--out", base], 20);
    const folders = [0, 1].map((seed) => join(base, "s", `0001-s${seed}`));
    const count = (folder: string): number => {
      try {
        return logged(folder).length;
      } catch {
        return 0;
      }
    };
    while (folders.some((folder) => count(folder) === 0)) await new Promise((resolve) => setTimeout(resolve, 20));
    sweep.process.kill("SIGINT");
    const { code, out, err } = await sweep.finished;
    assert.deepEqual([code, err], [130, ""]);
    assert.ok(out.includes("\nEnding the iterations under way of 0001-s0, 0001-s1, then saving.\n"));
    assert.ok(out.includes("\nStopped. 0 of 2 runs done.\n"));
    assert.ok(out.endsWith(`\nTo go on: deno task sweep ${file} --out ${base}\n`));
    for (const folder of folders) assert.equal(readRun(folder).state, "interrupted");
  }));
