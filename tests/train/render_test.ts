import assert from "node:assert/strict";
import { join } from "node:path";
import { controllerOf, film, Wheel } from "../../mod.ts";
import { renderTool } from "../../lib/train/look/render.ts";
import { realRun, runCommand, runTask, withFolder } from "./harness.ts";

Deno.test("deno task render draws a run's episode as an animation and a still, in the run's folder", () =>
  withFolder(async (out) => {
    const folder = await realRun(out);
    const { code, out: text, err } = await runTask("render", folder, "--episodes", "2");
    assert.deepEqual([code, err], [0, ""]);
    const [moving, still] = ["policy.svg", "policy-still.svg"].map((name) => join(folder, name));
    assert.match(text, /^episode 1: reward -?\d\.\d{3}, \d+ steps, (time up|terminated)\nepisode 2: .*\n/);
    assert.ok(text.includes(`\n${moving} (`) && text.includes(`\n${still} (`));
    assert.match(
      Deno.readTextFileSync(moving!),
      /navigation, 3 agents<[^]*mappo after iteration 2, deterministic policy[^]*<animate/,
    );
    assert.doesNotMatch(Deno.readTextFileSync(still!), /<animate/);
  }));

const lookOf: readonly (readonly [scenario: string, agents: number, parts: RegExp])[] = [
  ["navigation", 3, /stroke-dasharray="3.2 2.4"/],
  ["wheel", 4, /stroke="#1f2933" stroke-width="4"/],
  ["reverse_transport", 3, /<rect [^>]*stroke-linejoin="round"/],
  ["buzz_wire", 2, /stroke="#9aa5b1" stroke-width="4"/],
];

for (const [scenario, agents, parts] of lookOf) {
  Deno.test(`render draws the agents and bodies of ${scenario} under a controller`, () =>
    withFolder(async (out) => {
      const flags = ["--controller", "heuristic", "--max-steps", "20", "--device", "cpu", "--out", join(out, "a.svg")];
      const { code, err } = await runCommand(renderTool, scenario, ...flags);
      assert.deepEqual([code, err], [0, ""]);
      const [moving, still] = ["a.svg", "a-still.svg"].map((name) => Deno.readTextFileSync(join(out, name)));
      const discs = /<circle r="[\d.]+" fill="#[0-9a-f]{6}" fill-opacity="0.72"/g;
      assert.deepEqual([moving!.match(discs)!.length, still!.match(discs)!.length], [agents, agents]);
      assert.ok(parts.test(moving!) && parts.test(still!));
    }));
}

Deno.test("render refuses what it cannot do in one sentence, with exit code 2", async () => {
  const refused: readonly (readonly [readonly string[], string])[] = [
    [["wheel"], "wheel is a scenario, which has no policy: give a run, or a --controller."],
    [["wheel", "--episodes", "17"], "--episodes takes a whole number from 1 to 16, not 17."],
    [
      ["wheel", "--controller", "random", "--out", "/nowhere/at/all"],
      "--out /nowhere/at/all: the folder /nowhere/at cannot be opened: it does not exist.",
    ],
    [["wheel", "--controller", "random", "--out", "new/"], "--out new/ names a folder: give the name of a file in it."],
  ];
  for (const [args, sentence] of refused) {
    assert.deepEqual(await runCommand(renderTool, ...args), { code: 2, out: "", err: `error: ${sentence}\n` });
  }
});

Deno.test("a film of no episodes, or of half a one, is refused", async () => {
  const environment = new Wheel({ maxSteps: 2 });
  const cast = { environment, controller: controllerOf(environment, "random"), state: [] };
  for (const count of [0, 1.5, NaN]) {
    const message = `a film shows a whole number of episodes, at least 1, not ${count}.`;
    await assert.rejects(film(cast, count, 0), { name: "RangeError", message });
  }
});
