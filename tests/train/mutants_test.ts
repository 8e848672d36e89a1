/**
 * Files of a run, changed at random. MUTANTS=16000 MUTANT_SEED=1 deno test -A tests/train/mutants_test.ts for more of them, and others:
 * how many came to what is printed then, with the longest time and the memory.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { HostRandom } from "../../lib/tensor/host_random.ts";
import { onlyRun, run, small, withFolder } from "./harness.ts";
import { changes, judge, originalOf, type Outcome } from "./mutants.ts";

const wanted = Deno.env.get("MUTANTS");
const count = Number(wanted ?? 250);
const random = new HostRandom(Number(Deno.env.get("MUTANT_SEED") ?? 0));

Deno.test(`of ${count} runs of which a file was changed at random, all are taken up as they were, told or refused`, () =>
  withFolder(async (base) => {
    await run([...small, "--n-iters", "8", "--save-every", "2", "--out", base], { stopAfter: 6 });
    const original = originalOf(onlyRun(base));
    const names = [...original.files.keys()].filter((name) => !/\.(svg|onnx)$/.test(name));
    const kinds = Object.entries(changes);
    const faults: string[] = [];
    const outcomes: Record<Outcome, number> = { "as it was": 0, told: 0, refused: 0 };
    let longest = 0;
    const folder = join(base, "mutant");
    for (let i = 0; i < count; i++) {
      const name = names[i % names.length]!;
      const [what, change] = kinds[Math.floor(random.next() * kinds.length)]!;
      const changed = change(original.files.get(name)!, random);
      const start = performance.now();
      try {
        outcomes[judge(folder, original, name, changed, i % 8 === 0)]++;
      } catch (error) {
        faults.push(`${i}: ${name}, ${what}: ${(error as Error).message}`);
      }
      longest = Math.max(longest, performance.now() - start);
      Deno.removeSync(folder, { recursive: true });
    }
    if (wanted !== undefined) console.log(outcomes, `${longest} ms at most, ${Deno.memoryUsage().rss} bytes`);
    assert.deepEqual(faults, []);
    assert.ok(Object.values(outcomes).every((n) => n > 0), JSON.stringify(outcomes));
  }));
