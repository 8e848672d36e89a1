/** Sweeps inside the test: their runs are trained in this process, by the fake trainer. */

import { join } from "node:path";
import type { Engine, Job, Launcher, Told } from "../../lib/train/sweep/launcher.ts";
import { sweepMain } from "../../lib/train/sweep/main.ts";
import { capture, type Ran, run, type RunOptions } from "../train/harness.ts";

/** What a test changes of a sweep. */
export interface SweepOptions extends RunOptions {
  /** Told of every job, before it is trained. */
  readonly onJob?: (job: Job) => void | Promise<void>;
  /** Jobs after which Ctrl-C is pressed. */
  readonly stopAfterJobs?: number;
  /** When Ctrl-C is pressed. */
  readonly stopWhen?: Promise<void>;
  /** The program that trains what a dry run measures. */
  readonly train?: readonly string[];
  /** How many threads each run gets. */
  readonly threads?: number;
}

/** An engine that trains a job when it is begun, and comes back when that is over. */
function engineHere(options: SweepOptions, begun: { jobs: number; stop: () => void }): Engine {
  return {
    name: "here",
    help: "this process",
    options: {},
    check: () => Promise.resolve({ threads: options.threads ?? 1 }),
    roomFor: () => 1,
    open: () => Promise.resolve(launcherHere(options, begun)),
  };
}

function launcherHere(options: SweepOptions, begun: { jobs: number; stop: () => void }): Launcher {
  const ended = new Map<string, Told>();
  return {
    room: 1,
    detached: false,
    begun: () => Promise.resolve([]),
    async start(jobs) {
      for (const job of jobs) {
        await options.onJob?.(job);
        const { code, err } = await run(job.arguments, options);
        ended.set(job.id, { state: "ended", ...code === 2 && { problem: err.trim() } });
        if (++begun.jobs === options.stopAfterJobs) begun.stop();
      }
    },
    look: () => Promise.resolve(ended),
    changed: () => Promise.resolve(),
    stop: () => Promise.resolve(),
  };
}

/** Runs `deno task sweep` in this process. */
export async function sweep(args: readonly string[], options: SweepOptions = {}): Promise<Ran & { jobs: number }> {
  const [out, err] = [capture(), capture()];
  const begun = { jobs: 0, stop: () => {} };
  let requested = false;
  const code = await sweepMain(args, {
    out,
    err,
    train: options.train ?? [],
    sweep: [],
    engines: [engineHere(options, begun)],
    listenForStop: (onFirst) => {
      begun.stop = () => {
        requested = true;
        onFirst();
      };
      options.stopWhen?.then(begun.stop);
      return Promise.resolve({
        get requested() {
          return requested;
        },
      });
    },
  });
  return { code, out: out.text, err: err.text, jobs: begun.jobs };
}

/** Writes a file of YAML; gives its path. */
export function yaml(folder: string, text: string, name = "s.yaml"): string {
  const path = join(folder, name);
  Deno.writeTextFileSync(path, text);
  return path;
}

/** Settings of a run that is quick to make. */
export const quick = "scenarioName: navigation, framesPerBatch: 20, maxSteps: 5, minibatchSize: 8";
