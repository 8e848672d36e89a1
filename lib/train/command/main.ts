/** `deno task train` without its trainer: from arguments to an exit code. */

import { join } from "node:path";
import { checkNumerics } from "../../forensics/nonfinite/watch.ts";
import { type Command, helpText, parseCommand } from "./cli.ts";
import { newConfig, resumedConfig } from "./config.ts";
import { textOf, UsageError } from "../files/error.ts";
import { findRun, readConfig, runsOfSeries } from "../files/folder.ts";
import type { Host } from "../loop/host.ts";
import { controls as controlTable } from "./options.ts";
import { trainSeries } from "../loop/series.ts";
import { checkpointOf, introduction, type Plan, restore, Session, start } from "../loop/session.ts";
import { interruptedCode } from "../loop/signals.ts";

/** Runs the command. Returns the exit code: 0 done, 1 failed, 2 the command is wrong, 130 interrupted. */
export async function main(args: readonly string[], host: Host): Promise<number> {
  try {
    const command = parseCommand(args);
    const { help, printConfig, dryRun, maxTime = Infinity, resume } = command.controls;
    if (help) return print(host, helpText());
    const session = new Session(host, performance.now() + 1000 * maxTime);
    const plans = plansOf(command, args);
    const [plan] = plans as [Plan];
    if (printConfig) {
      return print(
        host,
        JSON.stringify(
          plans.length > 1 ? plans.map((x) => x.config) : plan.config,
          null,
          2,
        ),
      );
    }
    checkNumerics(command.controls.checkNumerics ?? false);
    if (dryRun) return await tryOut(plans, host);
    if (plans.length > 1) return await trainSeries(plans, resume ?? null, session);
    const trainer = await host.createTrainer(plan.config);
    try {
      const { result } = await start(plan, trainer, session);
      return result === null ? 1 : result.ending === "signal" ? interruptedCode : 0;
    } finally {
      trainer.dispose();
    }
  } catch (error) {
    host.err.write(`error: ${textOf(error)}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}

function print({ out }: Host, text: string): number {
  out.write(`${text}\n`);
  return 0;
}

/** A run for each seed, or for each run of a series that is resumed; at least one. */
function plansOf({ given, seeds, controls }: Command, args: readonly string[]): Plan[] {
  if (!controls.resume) {
    const out = controls.out ?? controlTable.out.initial!;
    const configs = seeds.length > 1
      ? seeds.map((seed) => newConfig({ ...given, seed }, controls.preset))
      : [newConfig(given, controls.preset)];
    return configs.map((config) => ({ config, out, resume: null, arguments: args }));
  }
  if (controls.out) throw new UsageError("--out cannot be given with --resume: the run goes on in its own folder.");
  if (controls.preset) throw new UsageError("--preset cannot be given with --resume: a run keeps its settings.");
  const series = runsOfSeries(controls.resume);
  if (seeds.length > 1 || (seeds.length > 0 && series.length > 0)) {
    throw new UsageError(`--seed ${seeds.join(",")} cannot be given with --resume: each run keeps its seed.`);
  }
  return (series.length > 0 ? series : [controls.resume]).map((path) => {
    const resume = findRun(path, `--resume ${path}`);
    return { config: resumedConfig(readConfig(resume.folder), given), out: "", resume, arguments: args };
  });
}

/** `--dry-run`. */
async function tryOut(plans: readonly Plan[], host: Host): Promise<number> {
  const lines: string[] = [];
  for (const plan of plans) {
    const trainer = await host.createTrainer(plan.config);
    try {
      await restore(checkpointOf(plan.resume), trainer);
      const place = placeOf(plan, plans.length, trainer.iteration);
      lines.push(introduction(plan.config, trainer), `Dry run: nothing was written. It would go to ${place}`);
    } finally {
      trainer.dispose();
    }
  }
  return print(host, lines.join("\n"));
}

function placeOf({ config, out, resume }: Plan, runs: number, iteration: number): string {
  if (resume) return `${resume.folder}/, after iteration ${iteration}`;
  return join(out, config.scenarioName, runs > 1 ? `<timestamp>/seed-${config.seed}/` : "<timestamp>/");
}
