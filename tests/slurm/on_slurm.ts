/**
 * A sweep on a real Slurm, disturbed in the middle: a run is cancelled, one is put back into the queue, and the daemon of the node is
 * killed. Then every run is compared with the same one by processes of this machine.
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

/** Begins the sweep of a file, with the rights of its task. */
function begin(
  base: string,
  on: string,
  file: string,
  env: Record<string, string>,
  ...flags: readonly string[]
): Begun {
  const out = join(base, `it's ${on}`);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["task", "sweep", file, "--out", out, "--on", on, ...flags],
    cwd: root,
    env: { ...env, NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let over = false;
  const texts = [child.stdout, child.stderr].map((stream) => new Response(stream).text());
  const ended = Promise.all([child.status.finally(() => over = true), ...texts])
    .then(([{ code }, ...said]) => ({ code, said: said.join("") }));
  return { folder: join(out, "both worlds"), isOver: () => over, ended };
}

/** A sweep that is under way. */
interface Begun {
  readonly folder: string;
  readonly isOver: () => boolean;
  readonly ended: Promise<{ readonly code: number; readonly said: string }>;
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
async function busy(cluster: Cluster, { folder, isOver }: Begun): Promise<string[]> {
  while (!isOver()) {
    const format = ["--array", "--states=RUNNING", "--format=%A|%K|%i|%j"];
    const lines = (await cluster.ask("squeue", "--noheader", ...format)).split("\n").filter(Boolean);
    const under = lines.flatMap((line) => {
      const [, index, name, called] = line.split("|");
      const list = join(folder, ".slurm", called!.split(".").at(-2)!, "jobs.json");
      const { ids } = JSON.parse(Deno.readTextFileSync(list)) as { ids: string[] };
      return iterations(join(folder, ids[Number(index)]!)) > 0 ? [name!] : [];
    });
    if (under.length > 0) return under;
    await pause(100);
  }
  throw new Error("the sweep ended before it was disturbed");
}

/** What is to be disturbed. */
export interface Disturbed {
  /** Of each of both worlds. */
  readonly seeds: number;
  readonly nIters: number;
  /** Whether the node is away for so long that Slurm gives it up, and what it has begun. */
  readonly givenUp: boolean;
  /** What is told of what happens. */
  readonly tell?: (text: string) => void;
}

/** Runs the disturbed sweep, and compares it. */
export async function assertSurvives({ seeds, nIters, givenUp, tell = () => {} }: Disturbed): Promise<void> {
  const cluster = await Cluster.start();
  try {
    await withFolder(async (base) => {
      const file = join(base, "sweep.yaml");
      Deno.writeTextFileSync(file, yaml(seeds, nIters));
      const wrong = await begin(base, "slurm", file, cluster.env, "--partition", "nope").ended;
      assert.equal(wrong.code, 2);
      assert.match(wrong.said, /^error: --on slurm: sbatch says "invalid partition specified: nope; .*"\.$/m);
      const local = begin(base, "local", file, {});
      const { code, said } = await local.ended;
      assert.equal(code, 0, said);
      tell("by processes: done");

      const sweep = begin(base, "slurm", file, cluster.env, "--watch");
      const [cancelled] = await busy(cluster, sweep);
      await cluster.ask("scancel", cancelled!);
      tell(`cancelled ${cancelled}`);
      let requeued: string | undefined;
      while (requeued === undefined) requeued = (await busy(cluster, sweep)).find((name) => name !== cancelled);
      await cluster.ask("scontrol", "requeue", requeued);
      tell(`put back ${requeued}`);
      const hit = await busy(cluster, sweep);
      cluster.killNode();
      tell(`killed slurmd, while ${hit.join(", ")} ran`);
      await (givenUp ? cluster.until("down") : pause(1000));
      await cluster.startNode();
      tell("slurmd is back");
      const end = await sweep.ended;
      tell(end.said);
      assert.equal(end.code, 0, end.said);
      assert.match(end.said, new RegExp(`^${2 * seeds} of ${2 * seeds} runs done\\.$`, "m"));
      // What was cancelled was begun again by the sweep, and nothing else was.
      const submissions = [...Deno.readDirSync(join(sweep.folder, ".slurm"))].map(({ name }) => name).sort();
      assert.deepEqual(submissions, ["1", "2"]);
      const again = JSON.parse(Deno.readTextFileSync(join(sweep.folder, ".slurm/2/jobs.json"))) as { ids: string[] };
      assert.equal(again.ids.length, 1);
      assertSame(sweep.folder, local.folder, 2 * seeds, nIters);
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
  const start = performance.now();
  const tell = (text: string) => console.log(`${((performance.now() - start) / 1000).toFixed(1)} s: ${text}`);
  await assertSurvives({ seeds, nIters: 30, givenUp: true, tell });
  console.log(`All ${2 * seeds} runs are the same, bit for bit.`);
}
