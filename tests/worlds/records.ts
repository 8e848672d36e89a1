/** Records of VMAS itself, one environment each; `tests/fixtures/make_vmas.py` says what is in them. */

import { type ActionKind, type Tensor, tensor } from "../../mod.ts";
import type { NavigationOptions } from "../../lib/worlds/particle/scenarios/navigation_options.ts";

/** One step: rows are agents. */
export interface RecordedStep {
  /** Two numbers, or a choice. */
  readonly action: number[][];
  readonly observation: number[][];
  readonly reward: number[];
  readonly done: boolean;
}

/** One environment. An observation begins with position and velocity. */
interface NavigationRecord {
  readonly goal: number[][];
  readonly observation: number[][];
  readonly steps: readonly RecordedStep[];
}

/** Environments with the same options and number of steps. */
export interface NavigationRecords {
  readonly options: NavigationOptions;
  readonly records: NavigationRecord[];
}

const camelCase = (name: string): string => name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());

/** VMAS's options under the names that they have here. */
export function optionsIn(options: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).map(([name, value]) => [camelCase(name), value]));
}

/** The records of a file in tests/fixtures, with options under the names that they have here. */
export function navigationRecords(file: string): NavigationRecords[] {
  const text = Deno.readTextFileSync(new URL(`../fixtures/${file}`, import.meta.url));
  const groups = new Map<string, NavigationRecords>();
  for (const line of text.trim().split("\n")) {
    const { options, ...record } = JSON.parse(line);
    const key = JSON.stringify([options, record.steps.length]);
    if (!groups.has(key)) groups.set(key, { options: optionsIn(options), records: [] });
    groups.get(key)!.records.push(record);
  }
  return [...groups.values()];
}

/** Positions and velocities, flat, out of observations. */
export function motionIn(observation: number[][]): { position: number[]; velocity: number[] } {
  return {
    position: observation.flatMap((row) => row.slice(0, 2)),
    velocity: observation.flatMap((row) => row.slice(2, 4)),
  };
}

/** Recorded actions, one row of all agents for each environment or time, as a world with such actions takes them. */
export function actionsIn(kind: ActionKind, rows: readonly number[][][], ...leading: number[]): Tensor {
  const [agents, size] = [rows[0]!.length, rows[0]![0]!.length];
  return kind === "discrete"
    ? tensor(Int32Array.from(rows.flat(2)), { shape: [...leading, agents] })
    : tensor(Float32Array.from(rows.flat(2)), { shape: [...leading, agents, size] });
}
