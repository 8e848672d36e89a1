/** `deno task bench`: this library beside others, in turns on one machine. */

import { mkdir, writeFile } from "node:fs/promises";
import { cpus, loadavg, release, type } from "node:os";
import { join } from "node:path";
import { renderSvg } from "../lib/plot/svg.ts";
import { Contestant } from "./bench/contestant.ts";
import { cases, entriesOf } from "./bench/entries.ts";
import { helpText, type Options, parseOptions } from "./bench/options.ts";
import { measureOnce, type Outcome, race } from "./bench/race.ts";
import { outcomeText, ratioChart, type Report } from "./bench/report.ts";
import { ensureVulkan } from "../tests/software_vulkan.ts";

async function runCases(options: Options): Promise<Outcome[]> {
  if (options.device !== "cpu") console.log(`WebGPU: ${await ensureVulkan()}`);
  const effort = options.quick ? { rounds: 3, turnMs: 200 } : { rounds: 9, turnMs: 1000 };
  const contestants = entriesOf(options).map((entry) => new Contestant(entry));
  const chosen = cases.filter(({ name }) => options.cases.length === 0 || options.cases.some((x) => name.includes(x)));
  const outcomes: Outcome[] = [];
  try {
    for (const { name, repetitions, turnMs = effort.turnMs } of chosen) {
      const able = contestants.filter((x) => x.cases.test(name));
      outcomes.push(
        repetitions === undefined
          ? await race(name, able, { ...effort, turnMs: Math.min(turnMs, effort.turnMs) })
          : await measureOnce(name, able, options.quick ? 1 : repetitions),
      );
      console.log(outcomeText(outcomes.at(-1)!));
    }
  } finally {
    for (const contestant of contestants) contestant.close();
  }
  return outcomes;
}

async function main(options: Options): Promise<void> {
  const before = loadavg()[0]!;
  if (before > 0.5) {
    console.log(`Others are at work on this machine (load ${before.toFixed(1)}): the ratios will be rough.`);
  }
  const outcomes = await runCases(options);
  const date = new Date().toISOString();
  const report: Report = {
    date,
    machine: {
      cores: cpus().length,
      system: `${type()} ${release()}, ${cpus()[0]?.model ?? "unknown processor"}`,
      deno: Deno.version.deno,
      load: [before, loadavg()[0]!],
    },
    quick: options.quick,
    outcomes,
  };
  await mkdir(options.out, { recursive: true });
  const file = join(options.out, date.slice(0, 19).replaceAll(":", "-"));
  await writeFile(`${file}.json`, JSON.stringify(report, null, 2));
  await writeFile(`${file}.svg`, await renderSvg(ratioChart(report)));
  console.log(`${file}.json and .svg`);
}

if (import.meta.main) {
  let options: Options;
  try {
    options = parseOptions(Deno.args);
  } catch (error) {
    console.error((error as Error).message);
    Deno.exit(2);
  }
  if (options.help) console.log(helpText);
  else await main(options);
}
