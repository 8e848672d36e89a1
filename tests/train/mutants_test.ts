/**
 * Files of a run, changed at random. MUTANTS=16000 MUTANT_SEED=1 deno test -A tests/train/mutants_test.ts for more of them, and others:
 * how many came to what is printed then, with the longest time and the memory.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { HostRandom } from "../../lib/tensor/host_random.ts";
import { onlyRun, run, small, withFolder } from "./harness.ts";
import { changes, judge, originalOf, type Outcome } from "./mutants.ts";

/** With settings of its own; what learns is faked. */
const swarm = [...small, "--scenario-name", "spoofed_swarm", "--n-agents", "4", "--trust-hidden-size", "4"];

const wanted = Deno.env.get("MUTANTS");
const count = Number(wanted ?? 250);
const random = new HostRandom(Number(Deno.env.get("MUTANT_SEED") ?? 0));

Deno.test(`of ${count} runs of which a file was changed at random, all are taken up as they were, told or refused`, () =>
  withFolder(async (base) => {
    const text = join(base, "text.txt");
    Deno.writeTextFileSync(text, "A plumb line hangs straight from a point to the ground.\n".repeat(20));
    const originals = [];
    for (const [i, flags] of [small, swarm, ["--scenario-name", "text", "--data", text]].entries()) {
      const out = join(base, `${i}`);
      const { err } = await run([...flags, "--n-iters", "8", "--save-every", "2", "--out", out], { stopAfter: 6 });
      assert.equal(err, "");
      originals.push(originalOf(onlyRun(out, [...Deno.readDirSync(out)][0]!.name)));
    }
    const kinds = Object.entries(changes);
    const faults: string[] = [];
    const outcomes: Record<Outcome, number> = { "as it was": 0, told: 0, refused: 0 };
    let longest = 0;
    const folder = join(base, "mutant");
    for (let i = 0; i < count; i++) {
      const original = originals[i % originals.length]!;
      const names = [...original.files.keys()].filter((name) => !/\.(svg|onnx)$/.test(name));
      const name = names[Math.floor(i / originals.length) % names.length]!;
      const [what, change] = kinds[Math.floor(random.next() * kinds.length)]!;
      const changed = change(original.files.get(name)!, random);
      const start = performance.now();
      try {
        outcomes[judge(folder, original, name, changed, i % 8 === 0)]++;
      } catch (error) {
        faults.push(`${i}: ${original.config.scenarioName}, ${name}, ${what}: ${(error as Error).message}`);
      }
      longest = Math.max(longest, performance.now() - start);
      Deno.removeSync(folder, { recursive: true });
    }
    if (wanted !== undefined) console.log(outcomes, `${longest} ms at most, ${Deno.memoryUsage().rss} bytes`);
    assert.deepEqual(faults, []);
    assert.ok(Object.values(outcomes).every((n) => n > 0), JSON.stringify(outcomes));
  }));
