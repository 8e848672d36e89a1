/** A folder that has nothing to do with the library's, where others write their programs. */

import { join } from "node:path";

/** What a process left. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A folder of somebody else's. */
export interface Elsewhere {
  readonly folder: string;
  /** Runs Deno there. */
  readonly deno: (...args: string[]) => Promise<Ran>;
}

/** Runs Deno in `cwd`. */
export async function deno(cwd: string, ...args: string[]): Promise<Ran> {
  const command = new Deno.Command(Deno.execPath(), { args, cwd, env: { NO_COLOR: "1" }, stdin: "null" });
  const { code, stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}

/** Calls `test` with a folder of its own that holds `files`, and removes it. */
export async function elsewhere(
  files: Readonly<Record<string, string>>,
  test: (place: Elsewhere) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "elsewhere-" });
  try {
    for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(join(folder, name), text);
    await test({ folder, deno: (...args) => deno(folder, ...args) });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/**
 * A program that uses what needs more than its own file: all packages that the library depends on, the processes and workers
 * that it starts, the caller's line, the report of a run that fails. It prints what it found as JSON.
 */
export function program(specifier: string): string {
  return `import {
  HostPendulum, PPOTrainer, probeAdapters, Simulations, tensor, trainRun, zeros,
} from ${JSON.stringify(specifier)};

const size = { framesPerBatch: 130, maxSteps: 10, numEpochs: 1, minibatchSize: 50, nIters: 1 };
const settings = { scenarioName: "navigation", device: "cpu", ...size } as const;
const files = (folder: string): string[] => [...Deno.readDirSync(folder)].map(({ name }) => name);

const { folder, state } = await trainRun(settings, "runs");
const { problem } = await probeAdapters();
const simulations = await Simulations.start(new HostPendulum({ workers: 1 }), 2, 0);
const { reward } = await simulations.step(zeros([2, 1, 1]));

PPOTrainer.prototype.learn = () => Promise.resolve({ sum: tensor([1, 2]).add(tensor([1, 2, 3])).size });
const failure: Error = await trainRun(settings, "failed").then(() => new Error("none"), (error) => error);
const [failed] = files("failed/navigation");
const report = Deno.readTextFileSync(\`failed/navigation/\${failed}/report.ipynb\`);

const facts = {
  ...{ state, files: files(folder), problem, stepped: reward.shape },
  ...{ failure: failure.message, imported: report.match(/import [^\\n]* from \\\\"(.*?)\\\\"/)?.[1] },
};
console.log(JSON.stringify(facts));
`;
}
