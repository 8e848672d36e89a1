/**
 * Watches the runs of a program. Where results are in host memory each run is judged when it ends, and its donated inputs
 * are still there if it went bad. On a device the screens of many runs are read together, when somebody reads a result;
 * meanwhile what the runs were given is kept (their state only once: the runs between are replayed from it).
 */

import { signature } from "../../graph/arguments.ts";
import { boolean } from "../../graph/kinds.ts";
import type { Executable } from "../../engine/engine.ts";
import type { Storage } from "../../graph/storage.ts";
import { caught, isBad, type Sink } from "./sinks.ts";

/** A program whose last output is the screen of its sinks. */
export interface Watched {
  readonly executable: Executable;
  /** Output index -> input index. */
  readonly donated: ReadonlyMap<number, number>;
  /** In the order of the screen. */
  readonly sinks: readonly Sink[];
  /** Which output each sink is. */
  readonly sinkOutputs: readonly number[];
  /** Which output the screen is. */
  readonly screen: number;
}

/** A run that went bad: what it was given, and which sinks were bad. */
export interface BadRun {
  readonly inputs: readonly Storage[];
  readonly sinks: readonly Sink[];
}

/** A run that is not judged when it ends. */
class Run {
  /** Whether it went bad, or was given what such a run has made. */
  isVoid = false;

  constructor(
    /** Which of all runs it is. */
    readonly order: number,
    /** `null` for what the run before gave. */
    public inputs: readonly (Storage | null)[],
    readonly screen: Storage,
    /** Donated inputs that were not retired. */
    public kept: readonly Storage[],
  ) {}
}

/** Runs between two readings of screens, at most. */
const mostRuns = 64;
/** Elements of kept inputs, at most. */
const mostKept = 2 ** 24;

let everyRun = false;

/** Whether functions that assign nothing are watched too, and each run is judged when it ends. */
export function checksEveryRun(): boolean {
  return everyRun;
}

const takesSwitch = signature("checkNumerics()", { on: boolean });

/**
 * Judges each step when it ends (`--check-numerics`), and results of compiled functions that assign nothing too. Otherwise
 * steps on a GPU are judged when a result is read. For functions that are compiled from now on.
 */
export function checkNumerics(on: boolean): void {
  takesSwitch(arguments);
  everyRun = on;
}

let order = 0;

/** How many unread runs need a storage. */
const needed = new Map<Storage, number>();

function need(storage: Storage, change: 1 | -1): void {
  const count = (needed.get(storage) ?? 0) + change;
  if (count === 0) needed.delete(storage);
  else needed.set(storage, count);
}

/** The watch over one program. */
export class Watch {
  #runs: Run[] = [];
  #last: ReadonlyMap<number, Storage> = new Map();
  #kept = 0;

  constructor(readonly program: Watched) {}

  /** Whether it is time to judge the runs that have not been judged. */
  get isFull(): boolean {
    return everyRun && this.#runs.length > 0 || this.#runs.length >= mostRuns || this.#kept >= mostKept;
  }

  /** Runs the program. `bad` tells what is wrong if that is known already; then no input was retired. */
  async run(inputs: readonly Storage[]): Promise<{ results: Storage[]; bad: BadRun | null }> {
    let bad: BadRun | null = null;
    const results = await this.program.executable.run(inputs, (results) => {
      const screen = results[this.program.screen]!;
      if (!screen.host) return this.#remember(inputs, results);
      const sinks = this.#judge(caught(this.program.sinks, screen.host), results);
      if (sinks.length === 0) return new Set();
      bad = { inputs, sinks };
      return new Set(this.program.donated.values());
    });
    return { results, bad };
  }

  /** The runs that have not been judged, oldest first. */
  get runs(): readonly Run[] {
    return this.#runs;
  }

  /** The first run that went bad of those that have not been judged. */
  async firstBad(): Promise<BadRun & { readonly order: number } | null> {
    const screens = await Promise.all(this.#runs.map((x) => x.screen.read()));
    const suspects = new Set(screens.flatMap((x, i) => caught(this.program.sinks, x).length > 0 ? [i] : []));
    return suspects.size === 0 ? null : await this.#replay(suspects);
  }

  /** What a run was given. */
  async inputsOf(run: Run): Promise<readonly Storage[]> {
    const last = run.inputs.includes(null) ? await this.#replay(new Set(), run) : null;
    return run.inputs.map((x, i) => x ?? last!.inputs[i]!);
  }

  /** The runs are judged. Gives their inputs back, but for those that somebody needs. */
  forget(except: ReadonlySet<Storage>): void {
    const kept = this.#runs.flatMap((x) => x.kept);
    for (const run of this.#runs) {
      for (const x of run.inputs) if (x) need(x, -1);
      run.inputs = run.kept = [];
    }
    for (const x of kept) if (!needed.has(x) && !except.has(x)) x.retire().device?.release();
    this.#runs = [];
    this.#kept = 0;
    this.#last = new Map();
  }

  #judge(suspects: readonly number[], results: readonly Storage[]): Sink[] {
    const { sinks, sinkOutputs } = this.program;
    return suspects.map((i) => ({ sink: sinks[i]!, data: results[sinkOutputs[i]!]!.host! }))
      .filter(({ sink, data }) => isBad(sink, data)).map(({ sink }) => sink);
  }

  #remember(inputs: readonly Storage[], results: readonly Storage[]): ReadonlySet<number> {
    const donated = new Set(this.program.donated.values());
    const own = inputs.map((x, i) => donated.has(i) && this.#last.get(i) === x ? null : x);
    for (const x of own) if (x) need(x, 1);
    const keep = [...donated].filter((i) => needed.has(inputs[i]!));
    const kept = keep.map((i) => inputs[i]!);
    this.#kept += kept.reduce((n, x) => n + x.size, 0);
    const run = new Run(order++, own, results[this.program.screen]!, kept);
    for (const x of results) x.madeBy = run;
    this.#runs.push(run);
    this.#last = new Map([...this.program.donated].map(([output, input]) => [input, results[output]!]));
    return new Set(keep);
  }

  /**
   * Runs again from the first run on, up to the first that went bad, or to `end`; gives what that is given. Screens may be caught
   * by huge numbers: suspects are judged by all their numbers.
   */
  async #replay(suspects: ReadonlySet<number>, end?: Run): Promise<BadRun & { readonly order: number } | null> {
    const { executable, donated, sinks, sinkOutputs, screen } = this.program;
    let last = new Map<number, Storage>();
    for (const [i, run] of this.#runs.entries()) {
      const inputs = run.inputs.map((x, k) => x ?? last.get(k)!);
      if (run === end) return { inputs, sinks: [], order: run.order };
      const keep = new Set([...donated.values()].filter((k) => run.inputs[k] !== null || suspects.has(i)));
      const results = await executable.run(inputs, () => keep);
      if (suspects.has(i)) {
        const candidates = caught(sinks, await results[screen]!.read());
        const found: Sink[] = [];
        for (const k of candidates) {
          if (isBad(sinks[k]!, await results[sinkOutputs[k]!]!.read())) found.push(sinks[k]!);
        }
        if (found.length > 0) return { inputs, sinks: found, order: run.order };
      }
      last = new Map([...donated].map(([output, input]) => [input, results[output]!]));
    }
    return null;
  }
}
