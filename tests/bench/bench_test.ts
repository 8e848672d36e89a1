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
import { placeholder } from "../../lib/graph/node.ts";
import * as ops from "../../lib/graph/ops.ts";
import { makeScan } from "../../lib/graph/scan.ts";
import { aval } from "../../lib/graph/types.ts";
import { instructionsOf } from "../../tasks/bench/floor.ts";
import { worldRollout } from "../../tasks/bench/cases/worlds.ts";
import { cases, entriesOf } from "../../tasks/bench/entries.ts";
import { driveCase, mlpCase, sizeIn, worldCase } from "../../tasks/bench/protocol.ts";
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

Deno.test("the swarm is timed beside numpy, and not asked of VMAS, which has none", async () => {
  const { name } = cases.find(({ name }) => name.startsWith("world spoofed_swarm"))!;
  const entries = entriesOf({ ...parseOptions([]), device: "cpu", python: "python" });
  assertEquals(entries.filter(({ cases }) => cases.test(name)).map(({ name }) => name), ["plumbline cpu", "numpy"]);
  const run = await worldRollout({ ...worldCase(name)!, envs: 2 });
  assert(Number.isFinite((await run() as Record<string, number>)["env steps/s"]));
});

Deno.test("driveCase() and sizeIn() read what is driven and how much, and nothing else", () => {
  assertEquals(driveCase("point mass 64 x 1000"), { drive: "point mass", envs: 64 });
  assertEquals(driveCase("car 64"), null);
  assertEquals(sizeIn("operations", "operations 300 x 3600"), 3600);
  assertEquals(sizeIn("lstm", "lstm 64 x 100 x 16"), 16);
  assertEquals(sizeIn("lstm", "mlp 18-256-4 x 400"), null);
  assertEquals(sizeIn("lstm", "lstm"), null);
});

Deno.test("the floor counts operations by four, in every step of a loop, and what is moved", () => {
  const x = placeholder(aval("float32", [8]));
  const body = ops.mul(ops.add(x, x), x);
  assertEquals(instructionsOf({ inputs: [x], outputs: [body], donated: new Map() }), 2 + 2 + 2 * 2);
  const total = makeScan({
    init: [x],
    xs: [],
    length: 10,
    reverse: false,
    step: ([carry]) => ({ carries: [ops.unary("sin", carry!)], ys: [] }),
  });
  const graph = { inputs: [x], outputs: [total.carries[0]!], donated: new Map() };
  assertEquals(instructionsOf(graph), 2 + 2 + 10 * (2 + 2 + 2 * 96));
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
