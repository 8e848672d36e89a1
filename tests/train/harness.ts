/** Runs the command inside the test or as a process, and reads what it leaves. */

import { join } from "node:path";
import { main } from "../../lib/train/command/main.ts";
import { readRows } from "../../lib/train/files/metrics.ts";
import type { Output } from "../../lib/train/loop/progress.ts";
import type { Config } from "../../lib/systems/settings.ts";
import type { System } from "../../lib/systems/system.ts";
import { runTool, type Tool } from "../../lib/train/command/tool.ts";
import type { Trainer } from "../../lib/systems/trainer.ts";
import { type FakeOptions, FakeTrainer } from "./fake_trainer.ts";

/** What a command did. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A batch that is quick to check: 4 envs of 5 steps. */
export const small = ["--frames-per-batch", "20", "--max-steps", "5", "--minibatch-size", "8"];

/** Collects text; by default it is no terminal. */
export function capture(shape: Partial<Omit<Output, "write">> = {}): Output & { text: string } {
  return {
    terminal: false,
    colour: false,
    columns: Infinity,
    ...shape,
    text: "",
    write(text: string) {
      this.text += text;
    },
  };
}

/** What a test changes in the surroundings of a command. */
export interface RunOptions extends FakeOptions {
  /** The iteration in which a stop is requested, as Ctrl-C does. */
  readonly stopAfter?: number;
  /** The seed to which that applies; any if not given. */
  readonly stopSeed?: number;
  /** A trainer other than the fake one. */
  readonly createTrainer?: (config: Config, system: System) => Promise<Trainer>;
}

/** Runs the command in this process. */
export async function run(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const [out, err] = [capture(), capture()];
  let requested = false;
  let notify = () => {};
  const createTrainer = options.createTrainer ?? ((config) => Promise.resolve(new FakeTrainer(config, options)));
  const createOf = createTrainer as (config: Config) => Promise<Trainer>;
  const code = await main(args, {
    out,
    err,
    listenForStop: (onFirst) => {
      notify = onFirst;
      return Promise.resolve({
        get requested() {
          return requested;
        },
      });
    },
    createTrainer: async (system, config) => {
      // The library's own takes a configuration, and refuses what it does not take.
      const trainer = await (createTrainer.length > 1 ? createTrainer(config, system) : createOf(config));
      const iterate = trainer.iterate.bind(trainer);
      trainer.iterate = async (pause) => {
        const metrics = await iterate(pause);
        if (trainer.iteration === options.stopAfter && config.seed === (options.stopSeed ?? config.seed)) {
          requested = true;
          notify();
        }
        return metrics;
      };
      return trainer;
    },
  });
  return { code, out: out.text, err: err.text };
}

/** A command as a process of its own. */
export interface Spawned {
  /** What it has printed so far. */
  readonly printed: () => string;
  /** Sends a signal, unless it has ended. */
  readonly kill: (signal: Deno.Signal) => void;
  readonly finished: Promise<Ran>;
}

/** Runs one of the commands beside `train` in this process. */
export async function runCommand(
  tool: Tool,
  ...args: string[]
): Promise<Ran> {
  const [out, err] = [capture(), capture()];
  const code = await runTool(tool, args, { out, err });
  return { code, out: out.text, err: err.text };
}

/** Runs `tasks/<name>.ts` as a process of its own. */
export async function runTask(name: string, ...args: string[]): Promise<Ran> {
  const script = join(import.meta.dirname!, "../../tasks", `${name}.ts`);
  const env = { NO_COLOR: "1" };
  const command = new Deno.Command(Deno.execPath(), { args: ["run", "--no-check", "-A", script, ...args], env });
  const { code, stdout, stderr } = await command.output();
  return { code, out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
}

/** Trains a real run below `out`, which takes less than a second. Returns its folder. */
export async function realRun(out: string, ...flags: string[]): Promise<string> {
  const tiny = "--device cpu --frames-per-batch 130 --max-steps 10 --num-epochs 2 --minibatch-size 50 --n-iters 2";
  const { code, err } = await run([...tiny.split(" "), "--out", out, ...flags], {
    createTrainer: (config, system) => system.create(config),
  });
  if (code !== 0) throw new Error(err);
  const [scenario] = [...Deno.readDirSync(out)];
  const parent = join(out, scenario!.name);
  return join(parent, [...Deno.readDirSync(parent)].map(({ name }) => name).sort().at(-1)!);
}

/** Begins the command, through `sh` if `prelude` is given. */
export function spawn(args: readonly string[], options: FakeOptions = {}, prelude = ""): Spawned {
  const command = ["run", "--no-check", "-A", join(import.meta.dirname!, "fake_cli.ts"), ...args];
  const shell = prelude ? ["sh", "-c", `${prelude}; exec "$@"`, "sh"] : [];
  const [program, ...rest] = [...shell, Deno.execPath(), ...command];
  const env = { FAKE: JSON.stringify(options), NO_COLOR: "1" };
  const child = new Deno.Command(program!, { args: rest, env, stdout: "piped", stderr: "piped" }).spawn();
  let out = "";
  const read = async () => {
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) out += text;
  };
  let over = false;
  const status = child.status.finally(() => over = true);
  const finished = Promise.all([status, new Response(child.stderr).text(), read()])
    .then(([{ code }, err]) => ({ code, out, err }));
  return { printed: () => out, kill: (signal) => over || child.kill(signal), finished };
}

/** Calls `test` with a folder that is removed afterwards. */
export async function withFolder(test: (folder: string) => Promise<void> | void): Promise<void> {
  const folder = Deno.makeTempDirSync({ prefix: "plumbline-train-" });
  try {
    await test(folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

/** The only run of a scenario under `out`. */
export function onlyRun(out: string, scenario = "navigation"): string {
  const parent = join(out, scenario);
  const runs = [...Deno.readDirSync(parent)].map((entry) => join(parent, entry.name));
  if (runs.length !== 1) throw new Error(`${parent} holds ${runs.length} runs, not one.`);
  return runs[0]!;
}

/** What a run has logged, without what depends on the clock and on what the process did before. */
export function logged(folder: string): unknown[] {
  return [...readRows(Deno.readFileSync(join(folder, "metrics.jsonl")))].map(({ row }) => ({
    ...row,
    metrics: Object.fromEntries(Object.entries(row.metrics).filter(([name]) => !/^(time|memory)\//.test(name))),
  }));
}

/** The names of all files below `folder`, sorted. */
export function filesBelow(folder: string, prefix = ""): string[] {
  return [...Deno.readDirSync(join(folder, prefix))].flatMap((entry) => {
    const path = prefix ? `${prefix}/${entry.name}` : entry.name;
    return entry.isDirectory ? filesBelow(folder, path) : [path];
  }).sort();
}
