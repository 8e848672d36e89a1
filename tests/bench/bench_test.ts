/** The bench: its arithmetic, its command line, and races between two small processes. */

import {
  deepStrictEqual as assertEquals,
  match as assertMatch,
  ok as assert,
  throws as assertThrows,
} from "node:assert";
import { fileURLToPath } from "node:url";
import { Contestant } from "../../tasks/bench/contestant.ts";
import { parseOptions } from "../../tasks/bench/options.ts";
import { mlpCase, worldCase } from "../../tasks/bench/protocol.ts";
import { measureOnce, median, quantile, race } from "../../tasks/bench/race.ts";
import { outcomeText } from "../../tasks/bench/report.ts";

const script = fileURLToPath(new URL("./peer.ts", import.meta.url));

function contestant(name: string, milliseconds: number): Contestant {
  const args = ["run", "--quiet", "--allow-all", script, String(milliseconds)];
  return new Contestant({ name, cases: /./, command: Deno.execPath(), args });
}

Deno.test("quantile() interpolates between values; the median of two is their mean", () => {
  assertEquals(median([3, 1]), 2);
  assertEquals(quantile([4, 1, 2, 3, 5], 0.25), 2);
  assert(Number.isNaN(median([])));
});

Deno.test("mlpCase() reads sizes and batch, and nothing else", () => {
  assertEquals(mlpCase("mlp 64-256-4 x 400"), { sizes: [64, 256, 4], batch: 400 });
  assertEquals(mlpCase("rollout"), null);
});

Deno.test("worldCase() reads scenario and environments, and nothing else", () => {
  assertEquals(worldCase("world reverse_transport x 600"), { scenario: "reverse_transport", envs: 600 });
  assertEquals(worldCase("world wheel"), null);
});

Deno.test("parseOptions() refuses a device that the bench does not know", () => {
  assertThrows(() => parseOptions(["--device", "tpu"]), /--device takes cpu, webgpu or both, not "tpu"/);
  assertEquals(parseOptions(["--quick", "--case", "mlp", "--case", "ppo"]).cases, ["mlp", "ppo"]);
});

Deno.test("race() takes ratios against the first contestant; who cannot take part says why", async () => {
  const contestants = [contestant("quick", 2), contestant("slow", 20)];
  try {
    const outcome = await race("waiting", contestants, { rounds: 2, turnMs: 20 });
    const { quick, slow } = outcome.results;
    assertEquals(quick!.ratio, 1);
    assert(slow!.ratio > 0);
    assertEquals(slow!.details, { turns: 1 });
    assertMatch(outcomeText(outcome), /slow +[\d.]+ ms/);
    const { results, refusals } = await measureOnce("missing", contestants, 1);
    assertEquals(results, {});
    assertEquals(refusals, { quick: "this peer has no such case.", slow: "this peer has no such case." });
  } finally {
    for (const x of contestants) x.close();
  }
});

Deno.test("a contestant that dies refuses in a sentence", async () => {
  const mortal = contestant("mortal", 1);
  const answer = await mortal.ask({ case: "crash", repeats: 1 });
  assert("why" in answer);
  assertMatch(answer.why, /^mortal ended: /);
  mortal.close();
});
