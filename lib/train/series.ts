/** Several runs by one command, one after the other: the seeds of one configuration, in one folder. */

import { basename, join } from "node:path";
import { writeFileAtomic } from "./atomic.ts";
import { drawRunCurves } from "./curve.ts";
import { findRun, RunFolder, runsOfSeries } from "./folder.ts";
import { recentIterations } from "./metrics.ts";
import { rewardText } from "./progress.ts";
import { readRuns } from "./records.ts";
import { type Ended, type Plan, resumeCommand, type Session, start } from "./session.ts";
import { interruptedCode } from "./signals.ts";
import { summarise } from "./statistics.ts";

/**
 * Trains all `plans`, of which there are several, and says at the end what they came to. `folder` holds them already, or is
 * null, and is made then: all runs have their places before the first begins, so that whatever stops the series, its folder
 * tells what is left to do. A run that fails does not keep the others from being trained. Returns the exit code.
 */
export async function trainSeries(plans: readonly Plan[], folder: string | null, session: Session): Promise<number> {
  const { host } = session;
  // What is wrong with the configuration shows here, before anything is written.
  let trainer = await host.createTrainer(plans[0]!.config);
  const place = folder ?? RunFolder.createSeries(plans[0]!.out, plans.map(({ config }) => config), new Date());
  const points = folder === null
    ? runsOfSeries(place).map((path) => findRun(path))
    : plans.map(({ resume }) => resume!);
  const resumed = plans.map((plan) => ({
    ...plan,
    resume: points.find((point) => basename(point.folder) === `seed-${plan.config.seed}`)!,
  }));
  const ended: Ended[] = [];
  for (const [i, plan] of resumed.entries()) {
    if (i > 0) {
      // However short the time, one iteration is made: a series that is always resumed comes to its end.
      const late = session.late && ended.some(({ result }) => result === null || result.iterations > 0);
      if (session.stop.requested || late) break;
      trainer = await host.createTrainer(plan.config);
    }
    try {
      ended.push(await start(plan, trainer, session));
    } finally {
      trainer.dispose();
    }
    host.out.write("\n");
  }
  writeFileAtomic(join(place, "reward.svg"), await drawRunCurves(readRuns([place]).runs));
  host.out.write(`${summary(place, resumed, ended)}\n`);
  if (ended.some(({ result }) => result === null)) return 1;
  return session.stop.requested ? interruptedCode : 0;
}

function summary(place: string, plans: readonly Plan[], ended: readonly Ended[]): string {
  const rows = plans.map(({ config: { seed }, resume }, i) => {
    const result = ended[i]?.result;
    const waiting = resume!.checkpoint === null ? "not begun" : "not resumed";
    const state = result?.outcome ?? (i < ended.length ? "failed" : waiting);
    return `  seed ${String(seed).padEnd(6)}${rewardText(result?.recent).padStart(8)}   ${state.padEnd(11)}   ${
      resume!.folder
    }`;
  });
  const done = ended.flatMap(({ result }) => result?.outcome === "finished" ? [result.recent] : []);
  const lines = [
    `${join(place, "reward.svg")} has the curves.`,
    `Mean reward of the last ${recentIterations} iterations:`,
    ...rows,
  ];
  if (done.length > 1) {
    const { mean, deviation } = summarise(done);
    lines.push(`${rewardText(mean)} +- ${rewardText(deviation)} (mean and standard deviation of ${done.length} seeds)`);
  }
  if (done.length < plans.length) lines.push(`To go on with those that are not finished: ${resumeCommand(place)}`);
  return lines.join("\n");
}
