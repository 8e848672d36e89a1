/**
 * Kill -9 of a real run at random moments. KILLS=20 KILL_SEED=7 deno test -A tests/train/kill_test.ts for more of them, and
 * others.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { HostRandom } from "../../lib/tensor/host_random.ts";
import { listCheckpoints, loadCheckpoint } from "../../lib/train/files/checkpoint.ts";
import { readRecords } from "../../lib/train/files/tensorboard.ts";
import { filesBelow, logged, onlyRun, runTask, withFolder } from "./harness.ts";

const kills = Number(Deno.env.get("KILLS") ?? 4);
const random = new HostRandom(Number(Deno.env.get("KILL_SEED") ?? 0));

const args = "--device cpu --frames-per-batch 130 --max-steps 10 --num-epochs 2 --minibatch-size 50 --save-every 2 " +
  "--eval-every 3 --n-iters";

/** Every file that is there holds whole things only. */
function assertUndamaged(folder: string): void {
  const names = filesBelow(folder);
  const read = (name: string) => Deno.readFileSync(join(folder, name));
  const lines = new TextDecoder().decode(read("metrics.jsonl")).split("\n");
  assert.equal(lines.pop(), "");
  lines.forEach((line, i) => assert.equal(JSON.parse(line).iteration, i + 1));
  const events = read(names.find((name) => name.startsWith("events."))!);
  assert.equal([...readRecords(events)].at(-1)!.end, events.length);
  for (const { path, iteration } of listCheckpoints(folder)) assert.equal(loadCheckpoint(path).iteration, iteration);
  for (const name of names.filter((name) => name.endsWith(".json"))) JSON.parse(new TextDecoder().decode(read(name)));
  for (const name of names.filter((name) => name.endsWith(".svg"))) {
    assert.match(new TextDecoder().decode(read(name)), /^<svg[^]*<\/svg>\s*$/);
  }
}

/** How many iterations are logged below `out`. */
function progress(out: string): number {
  try {
    return logged(onlyRun(out)).length;
  } catch {
    return 0;
  }
}

/** Begins the command, kills it at a random moment after it has made an iteration. Whether it was still running. */
async function killed(out: string, command: readonly string[]): Promise<boolean> {
  const script = join(import.meta.dirname!, "../../tasks/train.ts");
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "-A", script, ...command],
    stdout: "null",
    stderr: "null",
  }).spawn();
  let over = false;
  const status = child.status.finally(() => over = true);
  const before = progress(out);
  while (!over && progress(out) <= before) await new Promise((resolve) => setTimeout(resolve, 2));
  await new Promise((resolve) => setTimeout(resolve, 150 * random.next()));
  if (!over) child.kill("SIGKILL");
  return (await status).signal === "SIGKILL";
}

Deno.test(`a real run that is killed ${kills} times ends as the undisturbed run, bit for bit, and damages nothing`, () =>
  withFolder(async (base) => {
    const [whole, disturbed] = [join(base, "whole"), join(base, "disturbed")];
    let iterations = 10 * kills;
    let next = [...args.split(" "), `${iterations}`, "--out", disturbed];
    for (let done = 0; done < kills;) {
      if (await killed(disturbed, next)) done += 1;
      else iterations += 10; // It came to its end before the kill: it gets longer.
      const folder = onlyRun(disturbed);
      assertUndamaged(folder);
      next = ["--resume", folder, "--n-iters", `${iterations}`];
    }
    const { code, err } = await runTask("train", ...next);
    assert.deepEqual([code, err], [0, ""]);
    assert.equal((await runTask("train", ...args.split(" "), `${iterations}`, "--out", whole)).code, 0);
    const [folder, expected] = [onlyRun(disturbed), onlyRun(whole)];
    assertUndamaged(folder);
    assert.equal(logged(folder).length, iterations);
    assert.deepEqual(logged(folder), logged(expected));
    const last = `checkpoints/${String(iterations).padStart(6, "0")}.safetensors`;
    for (const name of [last, "policy.onnx", "reward.svg", "config.json"]) {
      assert.deepEqual(Deno.readFileSync(join(folder, name)), Deno.readFileSync(join(expected, name)), name);
    }
  }));
