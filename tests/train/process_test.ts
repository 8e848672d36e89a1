/** What only a process of its own can show: signals, kills, a full disk. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { listCheckpoints, loadCheckpoint } from "../../lib/train/files/checkpoint.ts";
import { readRecords } from "../../lib/train/files/tensorboard.ts";
import { filesBelow, logged, onlyRun, run, small, spawn, withFolder } from "./harness.ts";

/** Waits until `condition` holds. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

function iterations(out: string): number {
  try {
    return logged(onlyRun(out)).length;
  } catch {
    return 0;
  }
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const long = [...small, "--n-iters", "1000"];

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  Deno.test(`${signal} ends the iteration, saves, says how to resume and exits with 130`, () =>
    withFolder(async (out) => {
      const child = spawn([...long, "--out", out], { delay: 20 });
      await until(() => iterations(out) >= 2);
      child.kill(signal);
      const { code, out: text, err } = await child.finished;
      const folder = onlyRun(out);
      assert.deepEqual([code, err], [130, ""]);
      assert.ok(text.endsWith(`\nTo resume: deno task train --resume ${folder}\n`));
      assert.equal(listCheckpoints(folder).at(-1)!.iteration, logged(folder).length);
      assert.ok(filesBelow(folder).includes("policy.onnx"));
    }));
}

Deno.test("a second Ctrl-C stops at once and damages nothing", () =>
  withFolder(async (out) => {
    const child = spawn([...long, "--out", out, "--save-every", "1"], { stallAt: 3 });
    await until(() => iterations(out) === 2 && listCheckpoints(onlyRun(out)).length === 2);
    child.kill("SIGINT");
    await until(() => child.printed().includes("Ending this iteration"));
    await sleep(300);
    child.kill("SIGINT");
    const { code, out: text } = await child.finished;
    const folder = onlyRun(out);
    assert.equal(code, 130);
    assert.ok(text.endsWith("Ctrl-C again stops at once.\n"));
    const { path, iteration } = listCheckpoints(folder).at(-1)!;
    assert.deepEqual([iteration, loadCheckpoint(path).iteration], [2, 2]);
    assert.deepEqual(filesBelow(folder).filter((name) => name.endsWith(".tmp")), []);
  }));

Deno.test("a second Ctrl-C stops a computation that lets nobody else have a word", () =>
  withFolder(async (out) => {
    const child = spawn([...long, "--out", out], { blockAt: 1 });
    await until(() => child.printed().includes("computing"));
    let over = false;
    const finished = child.finished.finally(() => over = true);
    // As a person who presses until it stops.
    for (; !over; await Promise.race([finished, sleep(400)])) child.kill("SIGINT");
    const { code, out: text } = await finished;
    assert.equal(code, 130);
    assert.doesNotMatch(text, /Ending this iteration|iteration 1/);
  }));

Deno.test("an echo of Ctrl-C, as deno task sends it, is not a second one", () =>
  withFolder(async (out) => {
    const child = spawn([...long, "--out", out], { delay: 20 });
    await until(() => iterations(out) >= 1);
    // The two are there when it goes on, however slow the machine is; two of one name would be kept as one.
    for (const signal of ["SIGSTOP", "SIGINT", "SIGTERM", "SIGCONT"] as const) child.kill(signal);
    const { code, out: text } = await child.finished;
    assert.equal(code, 130);
    assert.match(text, /\nTo resume: /);
  }));

Deno.test("a run that is killed at any moment and resumed ends as the undisturbed run, bit for bit", () =>
  withFolder(async (base) => {
    const args = [...small, "--n-iters", "40", "--save-every", "3"];
    const [whole, killed] = [join(base, "whole"), join(base, "killed")];
    await run([...args, "--out", whole], { size: 20000 });
    let command = [...args, "--out", killed];
    for (let kills = 1; kills <= 5; kills++) {
      // However late the kill comes, it does not come after the end.
      const child = spawn(command, { size: 20000, delay: 5, stallAt: 7 * kills });
      const before = iterations(killed);
      await until(() => iterations(killed) !== before);
      await sleep(Math.random() * 60);
      child.kill("SIGKILL");
      await child.finished;
      command = ["--resume", onlyRun(killed)];
    }
    assert.equal((await run(command, { size: 20000 })).code, 0);
    const [expected, folder] = [onlyRun(whole), onlyRun(killed)];
    assert.deepEqual(logged(folder), logged(expected));
    assert.deepEqual(filesBelow(folder).map(general), filesBelow(expected).map(general));
    for (const name of ["checkpoints/000040.safetensors", "policy.onnx"]) {
      assert.deepEqual(Deno.readFileSync(join(folder, name)), Deno.readFileSync(join(expected, name)));
    }
  }));

/** A file's name without the time in it. */
function general(name: string): string {
  return name.replace(/\d+\.plumbline$/, "*");
}

Deno.test("a file that the system refuses to write ends the run with a sentence, and what was there stays intact", () =>
  withFolder(async (out) => {
    // 64 blocks of 512 bytes: logs and the first files fit, a checkpoint of 200 KB does not.
    const child = spawn([...small, "--n-iters", "6", "--out", out], { size: 50000 }, "trap '' XFSZ; ulimit -f 64");
    const { code, err } = await child.finished;
    const folder = onlyRun(out);
    assert.equal(code, 1);
    const path = join(folder, "checkpoints", "000005.safetensors");
    assert.equal(
      err,
      `error: ${path} could not be written: it would be larger than the system allows.\n` +
        `What was saved is intact. To go on from there: deno task train --resume ${folder}\n`,
    );
    assert.equal(logged(folder).length, 5);
    assert.deepEqual(filesBelow(folder).filter((name) => name.startsWith("checkpoints")), []);
    assert.equal((await run(["--resume", folder], { size: 50000 })).code, 0);
    assert.equal(logged(folder).length, 6);
  }));

Deno.test("a log that cannot grow ends the run with a sentence, and holds whole lines", () =>
  withFolder(async (out) => {
    const args = [...small, "--n-iters", "300", "--save-every", "1000", "--out", out];
    const { code, err } = await spawn(args, {}, "trap '' XFSZ; ulimit -f 16").finished;
    const folder = onlyRun(out);
    assert.equal(code, 1);
    assert.match(
      err,
      /^error: .* could not be written: it would be larger than the system allows\.\nWhat was saved is intact\./,
    );
    const text = Deno.readTextFileSync(join(folder, "metrics.jsonl"));
    assert.ok(text.endsWith("}\n"));
    assert.equal(logged(folder).length, text.split("\n").length - 1);
    const events = filesBelow(folder).find((name) => name.startsWith("events."))!;
    const records = Deno.readFileSync(join(folder, events));
    assert.equal([...readRecords(records)].at(-1)!.end, records.length);
    assert.equal((await run(["--resume", folder])).code, 0);
    assert.equal(logged(folder).length, 300);
  }));

Deno.test("two processes cannot train one run", () =>
  withFolder(async (out) => {
    const child = spawn([...long, "--out", out], { delay: 20 });
    await until(() => iterations(out) >= 1);
    const folder = onlyRun(out);
    const { code, err } = await run(["--resume", folder]);
    child.kill("SIGKILL");
    await child.finished;
    assert.deepEqual([code, err], [
      2,
      `error: ${folder} is being trained by another process: wait for it, or stop it first.\n`,
    ]);
  }));

Deno.test("a console that takes no text any more ends no run", () =>
  withFolder(async (out) => {
    const { code } = await spawn([...small, "--n-iters", "3", "--out", out], {}, "exec >/dev/full 2>&1").finished;
    assert.equal(code, 0);
    assert.equal(logged(onlyRun(out)).length, 3);
    assert.ok(filesBelow(onlyRun(out)).includes("reward.svg"));
  }));
