/** A run that fails leaves a notebook that fails in the same way. */

import assert from "node:assert/strict";
import { basename, join } from "node:path";
import { listCheckpoints } from "../../lib/train/files/checkpoint.ts";
import { createTrainer } from "../../lib/train/look/target.ts";
import { readStep, reportName, stepName, writeEmptyReport, writeRunReport } from "../../lib/train/look/report.ts";
import { decodeSafetensors, encodeSafetensors } from "../../lib/train/files/safetensors.ts";
import { runNotebook } from "../../tasks/jupyter/notebook.ts";
import { patience } from "../run_cells.ts";
import { logged, onlyRun, run, withFolder } from "../train/harness.ts";

const args =
  "--device cpu --frames-per-batch 40 --max-steps 10 --num-epochs 1 --minibatch-size 20 --seed 3 --save-every 1";

async function inLibrary(test: (folder: string) => Promise<void>): Promise<void> {
  await Deno.mkdir(".cache", { recursive: true });
  const folder = await Deno.makeTempDir({ dir: ".cache", prefix: "report-" });
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Two iterations, then parameters so large that the third overflows: gives the folder and what was printed. */
async function failingRun(out: string): Promise<{ folder: string; err: string }> {
  const first = await run([...args.split(" "), "--n-iters", "2", "--out", out], { createTrainer });
  assert.deepEqual([first.code, first.err], [0, ""]);
  const folder = onlyRun(out);
  const { path } = listCheckpoints(folder).at(-1)!;
  const file = decodeSafetensors(Deno.readFileSync(path));
  const name = Object.keys(file.tensors).find((x) => x.endsWith("learner.vector"))!;
  file.tensors[name]!.data.set(file.tensors[name]!.data.map((x) => Math.sign(x) * 3e38));
  Deno.writeFileSync(path, encodeSafetensors(file));
  const manifest = join(folder, "manifest.json");
  const { checkpoints: _, ...others } = JSON.parse(Deno.readTextFileSync(manifest));
  Deno.writeTextFileSync(manifest, JSON.stringify(others));
  const second = await run(["--resume", folder, "--n-iters", "3"], { createTrainer });
  assert.equal(second.code, 1);
  return { folder, err: second.err };
}

interface Executed {
  readonly cells: readonly { cell_type: string; outputs?: readonly Record<string, string>[] }[];
}

/** Runs the notebook; gives what its cells put out. */
async function execute(path: string): Promise<Record<string, string>[]> {
  const { problems, missing, updated } = await runNotebook(path, patience);
  assert.deepEqual([...problems, ...missing], []);
  return (JSON.parse(updated) as Executed).cells.flatMap((cell) => cell.outputs ?? []);
}

const firstLine = (text: string): string => text.split("\n")[0]!;

Deno.test("a run that fails writes report.ipynb, which replays the step to the same error", () =>
  inLibrary(async (out) => {
    const { folder, err } = await failingRun(out);
    assert.match(err, /^error: error\[G40\d\]: /);
    assert.ok(err.includes(join(folder, reportName)));
    const step = readStep(join(folder, stepName));
    assert.equal(step.iteration, 3);
    assert.match(step.table(), /state\/\d+\/learner\.vector float32/);
    const outputs = await execute(join(folder, reportName));
    const error = outputs.find((x) => x.output_type === "error")!;
    assert.equal(error.ename, "NonFiniteError");
    assert.equal(firstLine(error.evalue!), firstLine(err.slice("error: ".length)));
    // The report of the command is the same, from what the run left.
    const before = Deno.readTextFileSync(join(folder, reportName));
    assert.equal(writeRunReport(folder, null), join(folder, reportName));
    const sources = (text: string) => JSON.parse(text).cells.slice(1).map((x: { source: string[] }) => x.source);
    assert.deepEqual(sources(Deno.readTextFileSync(join(folder, reportName))), sources(before));
  }));

Deno.test("a report of any iteration repeats it from the checkpoint before, also outside of the library's folder", () =>
  withFolder(async (out) => {
    const { code } = await run([...args.split(" "), "--n-iters", "3", "--out", out], { createTrainer });
    assert.equal(code, 0);
    const folder = onlyRun(out);
    const outputs = await execute(writeRunReport(folder, 3));
    const [, , third] = logged(folder) as { metrics: Record<string, number> }[];
    const shown = JSON.stringify(outputs);
    assert.ok(shown.includes(String(third!.metrics["train/grad_norm"])), shown);
    assert.throws(() => writeRunReport(folder, 4), /has no iteration 4/);
    assert.throws(() => writeRunReport(out, null), /is no run/);
  }));

Deno.test("an empty report says what computes here", () =>
  inLibrary(async (folder) => {
    const path = writeEmptyReport(join(folder, "nan-actions"));
    assert.equal(basename(path), "nan-actions.ipynb");
    const outputs = JSON.stringify(await execute(path));
    assert.ok(outputs.includes("onnxruntime-node") && outputs.includes(Deno.version.deno));
    assert.throws(() => writeEmptyReport(path), /is there already/);
  }));
