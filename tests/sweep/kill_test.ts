/**
 * Sweeps as processes: kill -9 and Ctrl-C once in the suite. KILLS=25 KILL_SEED=7 deno test -A
 * tests/sweep/kill_test.ts for so many at random moments, of the sweep alone and of all its runs.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { HostRandom } from "../../lib/tensor/host_random.ts";
import { listCheckpoints } from "../../lib/train/files/checkpoint.ts";
import { logged, withFolder } from "../train/harness.ts";
import { quick, yaml } from "./harness.ts";
import { assertSurvives, begin } from "./kills.ts";

const wanted = Deno.env.get("KILLS");
const seed = Number(Deno.env.get("KILL_SEED") ?? 0);

for (const all of wanted === undefined ? [] : [false, true]) {
  const kills = Number(wanted);
  const what = all ? "with all its runs" : "while its runs go on";
  Deno.test(`a sweep that is killed ${what}, ${kills} times, loses nothing and trains nothing twice`, () =>
    withFolder((base) => {
      const size = { runs: 2 * kills, iterations: 40 };
      const tell = (what: string) => console.log(what);
      return assertSurvives(base, { kills, random: new HostRandom(seed), all, ...size, tell });
    }));
}

Deno.test("the runs of a sweep that is killed go on, the next one finds them and begins none twice, and Ctrl-C ends them, saved", () =>
  withFolder(async (base) => {
    const file = yaml(base, `{ settings: { ${quick}, nIters: 10000 }, seeds: 2, local: { processes: 2 } }`);
    const folders = [0, 1].map((seed) => join(base, "s", `0001-s${seed}`));
    const count = (folder: string): number => {
      try {
        return logged(folder).length;
      } catch {
        return 0;
      }
    };
    const reach = async (least: number): Promise<void> => {
      while (folders.some((folder) => count(folder) < least)) await new Promise((resolve) => setTimeout(resolve, 20));
    };
    const killed = begin([file, "--out", base], 20);
    await reach(1);
    killed.process.kill("SIGKILL");
    assert.equal((await killed.finished).signal, "SIGKILL");
    const before = Math.max(...folders.map(count));
    await reach(before + 2);
    const next = begin([file, "--out", base], 20);
    while (!next.printed().includes("2 under way")) await new Promise((resolve) => setTimeout(resolve, 20));
    assert.match(next.printed(), /0001-s0 {3}iteration +\d+\/10000 {3}reward .* begun before\n/);
    next.process.kill("SIGINT");
    const { code, out, err } = await next.finished;
    assert.deepEqual([code, err], [130, ""]);
    assert.ok(out.includes("\nEnding the iterations under way of 0001-s0, 0001-s1, then saving.\n"));
    assert.ok(out.includes("\nStopped. 0 of 2 runs done.\n"));
    assert.ok(out.endsWith(`\nTo go on: deno task sweep ${file} --out ${base}\n`));
    for (const folder of folders) {
      const { earlier, outcome, toIteration } = JSON.parse(Deno.readTextFileSync(join(folder, "manifest.json")));
      assert.deepEqual([earlier, outcome], [[], "interrupted"]);
      assert.equal(listCheckpoints(folder).at(-1)!.iteration, toIteration);
      assert.equal(count(folder), toIteration);
    }
  }));
