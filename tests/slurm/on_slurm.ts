/**
 * A sweep on a real Slurm, disturbed in the middle: a run is cancelled, one is put back into the queue, and the daemon of the node is
 * killed until Slurm gives the node up. Then every run is compared with the same one by processes of this machine.
 *
 * `.ci/run` has it tested where Slurm can be installed; `deno run -A tests/slurm/on_slurm.ts 12` does it by hand with 12 seeds.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { filesBelow, logged, withFolder } from "../train/harness.ts";
import { Cluster, install } from "./cluster.ts";

const root = new URL("../../", import.meta.url);

/** What is swept: both worlds, each with so many seeds. */
const yaml = (seeds: number, nIters: number) =>
  `name: both worlds
settings:
  { device: cpu, nIters: ${nIters}, saveEvery: 1, framesPerBatch: 100, maxSteps: 10, minibatchSize: 50, numEpochs: 1, threads: 1 }
axes: { scenarioName: [navigation, wheel] }
seeds: ${seeds}
slurm:
  time: 10m
  prologue: echo begun by "$SLURM_JOB_ID"
`;

interface Sweep {
  readonly folder: string;
  /** Begins the command, with the rights of its task. */
  begin(...flags: readonly string[]): { readonly ended: Promise<{ readonly code: number; readonly said: string }> };
}

function sweepIn(base: string, on: string, file: string, env: Record<string, string>): Sweep {
  const out = join(base, `it's ${on}`);
  return {
    folder: join(out, "both worlds"),
    begin(...flags) {
      const child = new Deno.Command(Deno.execPath(), {
        args: ["task", "sweep", file, "--out", out, "--on", on, ...flags],
        cwd: root,
        env: { ...env, NO_COLOR: "1" },
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
      const texts = [child.stdout, child.stderr].map((stream) => new Response(stream).text());
      const ended = Promise.all([child.status, ...texts])
        .then(([{ code }, ...said]) => ({ code, said: said.join("") }));
      return { ended };
    },
  };
}

/** How many iterations a run has logged. */
function iterations(folder: string): number {
  try {
    return logged(folder).length;
  } catch {
    return 0;
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The tasks that run and have logged something, by Slurm's names: `3_0`. */
async function busy(cluster: Cluster, folder: string): Promise<string[]> {
  const list = join(folder, ".slurm/1/jobs.json");
  for (;;) {
    const running = (await cluster.ask("squeue", "--noheader", "--array", "--states=RUNNING", "--format=%i")).split(
      "\n",
    );
    const under = running.filter((name) => {
      const index = Number(name.split("_")[1]);
      const { ids } = JSON.parse(Deno.readTextFileSync(list)) as { ids: string[] };
      return name.includes("_") && iterations(join(folder, ids[index]!)) > 0;
    });
    if (under.length > 0) return under;
    await pause(100);
  }
}

/** Kept when the sweep has handed its runs to Slurm. */
async function submitted(folder: string, ended: Promise<unknown>): Promise<void> {
  let over = false;
  void ended.finally(() => over = true);
  for (;;) {
    try {
      Deno.statSync(join(folder, ".slurm/1/job"));
      return;
    } catch {
      if (over) throw new Error("the sweep ended before it had submitted anything");
      await pause(50);
    }
  }
}

/** Runs the disturbed sweep, and compares it. */
export async function disturbed(seeds: number, nIters: number, tell: (text: string) => void = () => {}): Promise<void> {
  const cluster = await Cluster.start();
  try {
    await withFolder(async (base) => {
      const file = join(base, "sweep.yaml");
      Deno.writeTextFileSync(file, yaml(seeds, nIters));
      const local = await sweepIn(base, "local", file, {}).begin().ended;
      assert.equal(local.code, 0, local.said);
      tell("local: done");

      const sweep = sweepIn(base, "slurm", file, cluster.env);
      const first = sweep.begin("--watch");
      await submitted(sweep.folder, first.ended);
      const [cancelled] = await busy(cluster, sweep.folder);
      await cluster.ask("scancel", cancelled!);
      tell(`cancelled ${cancelled}`);
      const requeued = (await busy(cluster, sweep.folder)).find((name) => name !== cancelled);
      if (requeued !== undefined) await cluster.ask("scontrol", "requeue", requeued);
      tell(`put back ${requeued}`);
      const hit = await busy(cluster, sweep.folder);
      cluster.killNode();
      tell(`killed slurmd, while ${hit.join(", ")} ran`);
      await cluster.until("down");
      await cluster.startNode();
      tell("slurmd is back");
      const { code, said } = await first.ended;
      tell(said);
      assert.equal(code, 0, said);
      assert.match(said, new RegExp(`^${2 * seeds} of ${2 * seeds} runs done\\.$`, "m"));
      // What was cancelled was begun again by the sweep, and nothing else was.
      const submissions = [...Deno.readDirSync(join(sweep.folder, ".slurm"))].map(({ name }) => name).sort();
      assert.deepEqual(submissions, ["1", "2"]);
      const again = JSON.parse(Deno.readTextFileSync(join(sweep.folder, ".slurm/2/jobs.json"))) as { ids: string[] };
      assert.equal(again.ids.length, 1);
      assertSame(sweep.folder, join(base, "it's local", "both worlds"), 2 * seeds, nIters);
    });
  } catch (error) {
    (error as Error).message += `\n${cluster.logs()}`;
    throw error;
  } finally {
    cluster.stop();
  }
}

/** Every run is the same, bit for bit, but for what is named for a time or says how long it took. */
function assertSame(actual: string, expected: string, runs: number, nIters: number): void {
  const ids = [...Deno.readDirSync(expected)].filter((x) => x.isDirectory && !x.name.startsWith(".")).map((x) =>
    x.name
  );
  assert.equal(ids.length, runs);
  for (const id of ids) {
    const [one, other] = [join(actual, id), join(expected, id)];
    assert.equal(logged(one).length, nIters, id);
    assert.deepEqual(logged(one), logged(other), id);
    const names = (folder: string) => filesBelow(folder).filter((x) => !/^(events\.|metrics\.|manifest\.)/.test(x));
    assert.ok(names(other).some((name) => name.endsWith(`${nIters}.safetensors`)), id);
    assert.deepEqual(names(one), names(other), id);
    for (const name of names(other)) {
      assert.deepEqual(Deno.readFileSync(join(one, name)), Deno.readFileSync(join(other, name)), join(id, name));
    }
  }
}

if (import.meta.main) {
  const problem = await install();
  if (problem !== null) throw new Error(`There is no Slurm here: ${problem}.`);
  const seeds = Number(Deno.args[0] ?? 12);
  const begin = performance.now();
  await disturbed(seeds, 30, (text) => console.log(`${((performance.now() - begin) / 1000).toFixed(1)} s: ${text}`));
  console.log(`All ${2 * seeds} runs are the same, bit for bit.`);
}
