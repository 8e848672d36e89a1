/** How the bench talks to what it measures: one JSON object a line, so that contestants can take turns. */

/** What is asked of a contestant: run a case so many times. */
export interface Request {
  readonly case: string;
  readonly repeats: number;
}

/** The times of the repetitions. */
export interface Times {
  /** Milliseconds, one a repetition. */
  readonly ms: readonly number[];
  /** Where they went, for a case that has parts. */
  readonly parts?: readonly Readonly<Record<string, number>>[];
}

/** Why a contestant does not run a case. */
export interface Refusal {
  /** One sentence. */
  readonly why: string;
}

/** What a contestant answers. */
export type Answer = Times | Refusal;

/** Does a case once; a case with parts says how many milliseconds each took. */
export type Run = () => Promise<Readonly<Record<string, number>> | void>;

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

/** The name that {@linkcode mlpCase} reads. */
export function mlpName({ sizes, batch }: MlpCase): string {
  return `mlp ${sizes.join("-")} x ${batch}`;
}
