/** A program whose indices are looked at after each run: a kernel cannot throw, where ONNX Runtime does. */

import { extremesOf, type IndexUse, outsideParts } from "../../graph/indices.ts";
import { concat } from "../../graph/ops.ts";
import type { Storage } from "../../graph/storage.ts";
import type { TypedArray } from "../../graph/types.ts";
import type { Executable, Graph } from "../engine.ts";
import { RunError } from "../run_error.ts";

/** The graph with one output more: the largest and smallest index of each of `uses`, one after the other. */
export function withExtremes({ inputs, outputs, donated }: Graph, uses: readonly IndexUse[]): Graph {
  return { inputs, outputs: [...outputs, concat(uses.map(extremesOf), 0)], donated };
}

/** A program of {@linkcode withExtremes}. */
export class RefusingExecutable implements Executable {
  /** Of results that were made at once. */
  readonly #extremes = new WeakMap<readonly Storage[], Storage>();

  /** `uses` are those that its last output tells of. */
  constructor(readonly program: Executable, readonly uses: readonly IndexUse[]) {}

  async run(inputs: readonly Storage[]): Promise<Storage[]> {
    const results = await this.program.run(inputs);
    const error = this.#errorOf(await results.pop()!.read());
    if (error) throw error;
    return results;
  }

  runNow(inputs: readonly Storage[]): Storage[] | null {
    const results = this.program.runNow?.(inputs) ?? null;
    if (results) this.#extremes.set(results, results.pop()!);
    return results;
  }

  refuses(results: readonly Storage[]): boolean {
    const extremes = this.#extremes.get(results)?.hostIfAny;
    return !extremes || this.#errorOf(extremes) !== null;
  }

  #errorOf(extremes: TypedArray): RunError | null {
    for (const [i, { node, size }] of this.uses.entries()) {
      const outside = [extremes[2 * i]!, extremes[2 * i + 1]!].find((x) => x >= size || x < -size);
      if (outside !== undefined) return new RunError(node, (x) => outsideParts(x, outside, size));
    }
    return null;
  }

  listing(): string[] {
    return this.program.listing();
  }

  dispose(): void {
    this.program.dispose();
  }
}
