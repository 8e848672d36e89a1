/** How a swarm fares under one attack, as every system tells it, or under all of them: a row each. */

import { type SwarmOptions, type SwarmSettings, swarmSettings } from "../../worlds/swarm/options.ts";
import { SpoofedSwarm } from "../../worlds/swarm/swarm.ts";
import { flag } from "../option.ts";
import { evaluationOf, playEpisodes } from "../reinforcement/evaluation.ts";
import type { Cast } from "../reinforcement/footage.ts";
import type { Players } from "../reinforcement/players.ts";
import { interval95, summarise } from "../statistics.ts";
import type { Evaluation, Look } from "../system.ts";
import { counted } from "../text.ts";
import { UsageError } from "../usage.ts";
import type { Asked } from "./players.ts";

/** The attacks of a table. What the agents are trained on is the first three, mixed. */
const attacks: Readonly<Record<string, SwarmOptions>> = {
  "easy": { attack: "drift", fraction: 0.25, liars: 0 },
  "standard": { attack: "drift", fraction: 0.5, liars: 1 },
  "hard": { attack: "drift", fraction: 0.5, liars: 2 },
  "no attack": { attack: "drift", fraction: 0, liars: 0 },
  "jump": { attack: "jump", fraction: 0.5, liars: 1 },
  "accel": { attack: "accel", fraction: 0.5, liars: 1 },
  "inter": { attack: "inter", fraction: 0.5, liars: 1 },
  "delay": { attack: "delay", fraction: 0.5, liars: 1 },
  "pre": { attack: "pre", fraction: 0.5, liars: 1 },
  "75%": { attack: "drift", fraction: 0.75, liars: 1 },
};

/** A number of a row, with its 95% interval. */
interface Told {
  readonly mean: number;
  readonly interval: readonly [number, number] | null;
}

type Row = Readonly<Record<string, Told>>;

/** `deno task eval` of swarms. */
export function swarmEvaluation(players: Players): Look<Evaluation> {
  const one = evaluationOf(players);
  return {
    options: {
      ...one.options,
      byAttack: flag("spoofed_swarm: a row for each kind of attack, share of receivers and number of liars"),
    },
    notes: [
      ...one.notes,
      "Of spoofed_swarm: success_.. is the share of agents that end at their goal, attacked ones being those whose receiver",
      "is spoofed; error_.. how far off they think they are (root mean square, m); false_alarms the share of sources that",
      "tell the truth and have less than a tenth of full trust; of who listens to its own GPS alone, its neighbours too.",
    ],
    async run(subject, values) {
      if (!values.byAttack) return await one.run(subject, values);
      checkRows(values as unknown as Asked);
      const { episodes, seed } = values as { readonly episodes: number; readonly seed: number };
      const table = await players.play(subject, values, async (cast) => {
        const rows: Record<string, Row> = {};
        for (const [name, options] of Object.entries(attacks)) {
          const row = await rowOf(cast as Cast, options, episodes, seed);
          if (row) rows[name] = row;
        }
        return rows;
      });
      const who = players.named(values) ?? `${subject.config.algorithm} of ${subject.name}`;
      const head = `spoofed_swarm: ${who}, ${counted(episodes, "episode")} a row, seed ${seed}, 95% intervals`;
      return {
        json: {
          target: subject.name,
          algorithm: subject.config.algorithm,
          controller: players.named(values),
          ...values,
          table,
        },
        lines: [head, "", ...linesOf(table)],
      };
    },
  };
}

/** Refuses an attack of one's own beside the rows, each of which has its attack, share and number of liars. */
function checkRows({ underAttack, underFraction, underLiars }: Asked): void {
  const flags = { "--under-attack": underAttack, "--under-fraction": underFraction, "--under-liars": underLiars };
  const given = Object.entries(flags).find(([, value]) => value !== null);
  if (!given) return;
  throw new UsageError(
    `${given.join(" ")} is of one attack, and --by-attack flies under each of its own. Give one of the two.`,
  );
}

/** What became of flights under an attack; null where the swarm is too small for it. */
async function rowOf(cast: Cast, options: SwarmOptions, episodes: number, seed: number): Promise<Row | null> {
  const { settings, fusion } = cast.environment as unknown as SpoofedSwarm;
  if (!fits({ ...settings, ...options })) return null;
  const environment = new SpoofedSwarm({ ...settings, ...options }, fusion);
  const { metrics } = await playEpisodes({ ...cast, environment } as unknown as Cast, episodes, seed);
  const rows = Object.entries(metrics!).map(([name, values]) => {
    // Errors are means of squares under a root: those of flights are put together as such.
    const isError = name.startsWith("error");
    const summary = summarise(isError ? values.map((x) => x * x) : values);
    const interval = interval95(summary);
    const back = (x: number): number => isError ? Math.sqrt(Math.max(0, x)) : x;
    return [name, { mean: back(summary.mean), interval: interval && [back(interval[0]), back(interval[1])] }] as const;
  });
  const row = Object.fromEntries(rows) as Record<string, Told>;
  const { dropped, dropped_bad, ...rest } = row;
  if (!dropped) return rest;
  return { ...rest, dropped_are_bad: { mean: dropped_bad!.mean / dropped.mean, interval: null } };
}

function fits(settings: SwarmSettings): boolean {
  try {
    swarmSettings(settings);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

const columns: readonly (readonly [metric: string, title: string, percent: boolean])[] = [
  ["success_attacked", "attacked arrive", true],
  ["success_clean", "clean arrive", true],
  ["error_attacked", "attacked off (m)", false],
  ["error_clean", "clean off (m)", false],
  ["false_alarms", "false alarms", true],
  ["dropped_are_bad", "dropped are bad", true],
];

function linesOf(table: Readonly<Record<string, Row>>): string[] {
  const cell = (told: Told | undefined, percent: boolean): string => {
    if (!told || Number.isNaN(told.mean)) return "-";
    const text = (x: number): string => percent ? (100 * x).toFixed(1) : x.toFixed(2);
    const half = told.interval ? ` +- ${text((told.interval[1] - told.interval[0]) / 2)}` : "";
    return `${text(told.mean)}${percent ? "%" : ""}${half}`;
  };
  const widths = 18;
  return [
    "".padEnd(12) + columns.map(([, title]) => title.padEnd(widths)).join("").trimEnd(),
    ...Object.entries(table).map(([name, row]) =>
      name.padEnd(12) +
      columns.map(([metric, , percent]) => cell(row[metric], percent).padEnd(widths)).join("").trimEnd()
    ),
  ];
}
