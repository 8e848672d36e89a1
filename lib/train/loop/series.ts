/** Several runs by one command, one after the other: the seeds of one configuration, in one folder. */

import { basename, dirname, join } from "node:path";
import type { Trainer } from "../../systems/trainer.ts";
import { writeFileAtomic } from "../files/atomic.ts";
import { curveName, drawRunCurves } from "../look/curve.ts";
import type { Plan } from "../command/plan.ts";
import { usedConfig } from "../command/saved_config.ts";
import { UsageError } from "../../systems/usage.ts";
import { textOf, WriteError } from "../files/error.ts";
import { findRun } from "../files/find_run.ts";
import { checkFolderOf, RunFolder } from "../files/folder.ts";
import { inputsOf } from "../files/inputs.ts";
import type { Host } from "./host.ts";
import { recentIterations } from "../files/metrics.ts";
import { numberText, printable } from "../../systems/text.ts";
import { readRuns } from "../look/records.ts";
import { checkpointOf, type Ended, restore, resumeCommand, type Session, start } from "./session.ts";
import { interruptedCode } from "./signals.ts";
import { summarise } from "../../systems/statistics.ts";

/**
 * Trains all `plans`, of which there are several, and says at the end what they came to. `folder` holds them already, or is
 * null, and is made then. Before the first run begins all have their places and their configurations, so that whatever stops
 * the series, its folder tells what is left to do; and if one of them could not begin, none does. A run that fails on the way
 * does not keep the others from being trained. Returns the exit code.
 */
export async function trainSeries(plans: readonly Plan[], folder: string | null, session: Session): Promise<number> {
  const { host } = session;
  const runs = folder === null ? await begin(plans, host) : await reopen(plans, folder, host);
  const place = folder ?? dirname(runs[0]!.resume!.folder);
  const ended: Ended[] = [];
  for (const run of runs) {
    // However short the time, one iteration is made: a series that is always resumed comes to its end.
    const late = session.late && ended.some(({ result }) => result !== null && result.iterations > 0);
    if (late || (await session.listen()).requested) break;
    ended.push(await trainOne(run, session));
    host.out.write("\n");
  }
  writeFileAtomic(join(place, curveName(plans[0]!.system.headline)), await drawRunCurves(readRuns([place]).runs));
  host.out.write(`${printable(summary(place, runs, ended))}\n`);
  if (ended.some(({ result }) => result === null)) return 1;
  return (await session.listen()).requested ? interruptedCode : 0;
}

/** Makes the folders of new runs. */
async function begin(plans: readonly Plan[], host: Host): Promise<Plan[]> {
  // What is wrong with a configuration, which but for the seed is that of all of an algorithm, shows here, before anything is written.
  for (const plan of byAlgorithm(plans).values()) await checkBeginning(plan[0]!, host);
  const { out, system, config } = plans[0]!;
  const folders = RunFolder.createSeries(out, plans.map((plan) => plan.config), new Date(), inputsOf(system, config));
  return plans.map((plan, i) => {
    const resume = findRun(folders[i]!);
    return { ...plan, config: usedConfig(resume), resume };
  });
}

/** Checks that all can go on, then gives all their configurations. */
async function reopen(plans: readonly Plan[], place: string, host: Host): Promise<readonly Plan[]> {
  const problems: string[] = [];
  for (const plan of plans) {
    try {
      checkFolderOf(place, basename(plan.resume!.folder));
      await checkBeginning(plan, host);
    } catch (error) {
      if (!(error instanceof UsageError || error instanceof WriteError)) throw error;
      problems.push(error.message);
    }
  }
  if (problems.length > 0) {
    const way =
      `None of the ${plans.length} runs in ${place} was begun: mend that, or move what cannot go on elsewhere.`;
    throw new UsageError([...problems, way].join("\n"));
  }
  for (const { config, resume } of plans) {
    using run = RunFolder.open(resume!.folder);
    run.writeConfig(config);
  }
  return plans;
}

/** Plans of one algorithm each. */
function byAlgorithm(plans: readonly Plan[]): Map<string, Plan[]> {
  return Map.groupBy(plans, ({ config }) => config.algorithm);
}

/** Throws what would keep the run from beginning. */
async function checkBeginning({ system, config, resume }: Plan, host: Host): Promise<void> {
  const trainer = await host.createTrainer(system, config);
  try {
    await restore(checkpointOf(resume), trainer);
    if (resume) RunFolder.open(resume.folder).close();
  } finally {
    trainer.dispose();
  }
}

/** Like {@linkcode start}, and a run that cannot begin any more is one that failed. */
async function trainOne(plan: Plan, session: Session): Promise<Ended> {
  const { host } = session;
  let trainer: Trainer | null = null;
  try {
    trainer = await host.createTrainer(plan.system, plan.config);
    return await start(plan, trainer, session);
  } catch (error) {
    host.err.write(`error: ${printable(textOf(error))}\n`);
    return { folder: plan.resume!.folder, result: null, error };
  } finally {
    trainer?.dispose();
  }
}

function summary(place: string, plans: readonly Plan[], ended: readonly Ended[]): string {
  const { headline } = plans[0]!.system;
  const groups = byAlgorithm(plans);
  const widest = groups.size > 1 ? Math.max(...[...groups.keys()].map((name) => name.length)) + 3 : 0;
  const rows = plans.map(({ config: { algorithm, seed }, resume }, i) => {
    const result = ended[i]?.result;
    const waiting = resume!.checkpoint === null ? "not begun" : "not resumed";
    const state = result?.outcome ?? (i < ended.length ? "failed" : waiting);
    const folder = ended[i]?.folder ?? resume!.folder;
    const head = widest > 0 ? algorithm.padEnd(widest) : "";
    return `  ${head}seed ${String(seed).padEnd(6)}${numberText(result?.recent).padStart(8)}   ${
      state.padEnd(11)
    }   ${folder}`;
  });
  const recent = (of: readonly Plan[]): number[] =>
    of.flatMap((plan) => {
      const result = ended[plans.indexOf(plan)]?.result;
      return result?.outcome === "finished" ? [result.recent] : [];
    });
  const done = recent(plans);
  const lines = [
    `${join(place, curveName(headline))} has the curves.`,
    `Mean ${headline.name} of the last ${recentIterations} iterations:`,
    ...rows,
  ];
  for (const [algorithm, group] of groups) {
    const values = recent(group);
    if (values.length < 2) continue;
    const { mean, deviation } = summarise(values);
    const head = widest > 0 ? `${algorithm}: ` : "";
    lines.push(
      `${head}${numberText(mean)} +- ${numberText(deviation)} (mean and standard deviation of ${values.length} seeds)`,
    );
  }
  if (done.length < plans.length) lines.push(`To go on with those that are not finished: ${resumeCommand(place)}`);
  return lines.join("\n");
}
