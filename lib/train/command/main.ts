/** `deno task train`: from arguments to an exit code, by a command, plans, and a session that trains them. */

import { join } from "node:path";
import { checkNumerics } from "../../forensics/nonfinite/watch.ts";
import { printable } from "../../systems/text.ts";
import { UsageError } from "../../systems/usage.ts";
import { textOf } from "../files/error.ts";
import { folderNameOf } from "../files/folder.ts";
import { nameInSeries } from "../files/series.ts";
import type { Host } from "../loop/host.ts";
import { trainSeries } from "../loop/series.ts";
import { checkpointOf, introduction, restore, Session, start } from "../loop/session.ts";
import { interruptedCode } from "../loop/signals.ts";
import { type Command, parseCommand } from "./command.ts";
import { algorithmOf } from "./config.ts";
import { helpText, scenarioHelp } from "./help.ts";
import { type Plan, plansOf, scenarioOf } from "./plan.ts";
import { refuseIdle } from "./tables.ts";
import { systemFor } from "./worlds.ts";

/** Runs the command. Returns the exit code: 0 done, 1 failed, 2 the command is wrong, 130 interrupted. */
export async function main(args: readonly string[], host: Host): Promise<number> {
  try {
    const command = parseCommand(args);
    const { help, printConfig, dryRun, maxTime = Infinity, until = null, resume, audit } = command.controls;
    if (help) return print(host, await helpOf(command));
    const session = new Session(host, {
      deadline: performance.now() + 1000 * maxTime,
      until: until ?? Infinity,
      audit: audit ?? false,
    });
    const plans = await plansOf(command, args);
    // A file, or a sweep, may say what only some of the runs that are made of it use; a flag is given for this one.
    if ((resume ?? null) === null) refuseIdle(Object.keys(command.given), plans);
    if (printConfig) return print(host, JSON.stringify(printedConfig(plans), null, 2));
    checkNumerics(command.controls.checkNumerics ?? false);
    if (dryRun) return await tryOut(plans, host);
    if (plans.length > 1) return await trainSeries(plans, resume ?? null, session);
    return await trainOne(plans[0]!, session);
  } catch (error) {
    host.err.write(`error: ${printable(textOf(error))}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}

function print({ out }: Host, text: string): number {
  out.write(`${printable(text)}\n`);
  return 0;
}

async function helpOf({ given, controls }: Command): Promise<string> {
  if (given.scenarioName === undefined) return helpText();
  const scenario = scenarioOf(given);
  const system = await systemFor(scenario);
  return scenarioHelp(system, scenario, algorithmOf(system, given), controls.preset ?? system.presetBelow({}));
}

/** What `--config` takes: runs that differ in their seeds are one configuration. */
function printedConfig(plans: readonly Plan[]): unknown {
  const [{ config }] = plans as [Plan];
  if (plans.some((plan) => plan.config.algorithm !== config.algorithm)) {
    throw new UsageError("--print-config prints the settings of one algorithm: name one in place of --algorithm all.");
  }
  return plans.length === 1 ? config : { ...config, seed: plans.map((x) => x.config.seed) };
}

async function trainOne(plan: Plan, session: Session): Promise<number> {
  const trainer = await session.host.createTrainer(plan.system, plan.config);
  try {
    const { result } = await start(plan, trainer, session);
    return result === null ? 1 : result.ending === "signal" ? interruptedCode : 0;
  } finally {
    trainer.dispose();
  }
}

/** `--dry-run`. */
async function tryOut(plans: readonly Plan[], host: Host): Promise<number> {
  const lines: string[] = [];
  for (const plan of plans) {
    const trainer = await host.createTrainer(plan.system, plan.config);
    try {
      await restore(checkpointOf(plan.resume), trainer);
      const place = placeOf(plan, plans, trainer.iteration);
      lines.push(introduction(plan, trainer), `Dry run: nothing was written. It would go to ${place}`);
    } finally {
      trainer.dispose();
    }
  }
  return print(host, lines.join("\n"));
}

function placeOf({ config, out, resume }: Plan, plans: readonly Plan[], iteration: number): string {
  if (resume) return `${resume.folder}/, after iteration ${iteration}`;
  const name = nameInSeries(config, plans.map((plan) => plan.config));
  const place = plans.length > 1 ? `<timestamp>/${name}/` : "<timestamp>/";
  return join(out, folderNameOf(config), place);
}
