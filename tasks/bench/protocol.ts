/** How the bench talks to what it measures: one JSON object a line, so that contestants can take turns. */

/** What is asked of a contestant: run a case so many times. */
export interface Request {
  readonly case: string;
  readonly repeats: number;
}

/** Numbers about a repetition by name, the unit in the name: `collect ms`, `submits`. */
export type Details = Readonly<Record<string, number>>;

/** The times of the repetitions. */
export interface Times {
  /** Milliseconds, one a repetition. */
  readonly ms: readonly number[];
  /** One a repetition, for a case that has any. */
  readonly details?: readonly Details[];
}

/** Why a contestant does not run a case. */
export interface Refusal {
  /** One sentence. */
  readonly why: string;
}

/** What a contestant answers. */
export type Answer = Times | Refusal;

/** Does a case once. */
export type Run = () => Promise<Details | void>;

/** The case of an MLP's training step: one Adam step of tanh layers under a squared error. */
export interface MlpCase {
  /** Sizes of the input, the hidden layers and the output. */
  readonly sizes: readonly number[];
  readonly batch: number;
}

/** Reads `mlp 64-256-256-4 x 4096`; null if the case is another. */
export function mlpCase(name: string): MlpCase | null {
  const [, sizes, batch] = name.match(/^mlp ([\d-]+) x (\d+)$/) ?? [];
  return sizes && batch ? { sizes: sizes.split("-").map(Number), batch: Number(batch) } : null;
}

/** The case of a world that is played at random, with so many environments. */
export interface WorldCase {
  /** As the command line knows it. */
  readonly scenario: string;
  readonly envs: number;
}

/** Reads `world buzz_wire x 600`; null if the case is another. */
export function worldCase(name: string): WorldCase | null {
  return environmentsIn(/^world (\w+) x (\d+)$/.exec(name));
}

/** Reads `simulation hopper x 8`; null if the case is another. */
export function simulationCase(name: string): WorldCase | null {
  return environmentsIn(/^simulation (\w+) x (\d+)$/.exec(name));
}

function environmentsIn(found: RegExpExecArray | null): WorldCase | null {
  const [, scenario, envs] = found ?? [];
  return scenario && envs ? { scenario, envs: Number(envs) } : null;
}

/** The case of a drive through physics and back. */
export interface DriveCase {
  readonly drive: "car" | "point mass";
  readonly envs: number;
}

/** Reads `car 64 x 1000`; null if the case is another. */
export function driveCase(name: string): DriveCase | null {
  const [, drive, envs] = /^(car|point mass) (\d+) x 1000$/.exec(name) ?? [];
  return drive && envs ? { drive: drive as DriveCase["drive"], envs: Number(envs) } : null;
}

/** Reads the last number of `operations 300 x 64`, or of another case whose name begins with `what`; null if the case is another. */
export function sizeIn(what: string, name: string): number | null {
  const [, size] = name.startsWith(`${what} `) ? /^ [\d x]*?(\d+)$/.exec(name.slice(what.length)) ?? [] : [];
  return size ? Number(size) : null;
}
