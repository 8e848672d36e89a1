/** The programs of a compiled function: the last ones are kept, and when those are too few it is said. */

import type { Executable } from "../engine/engine.ts";
import type { Site } from "../graph/site.ts";
import { warn } from "../graph/warning.ts";

interface Kept {
  readonly executable: Executable;
  readonly runner: Pick<Executable, "dispose">;
}

/** Executables of which only the engine is to know, once nobody can call them any more. */
type Engaged = Set<WeakRef<Executable>>;

const abandoned = new FinalizationRegistry<Engaged>((engaged) => {
  for (const executable of engaged) executable.deref()?.dispose();
});

/** So many wasted programs are said. */
const mostWasted = 8;

/** Programs of one function, by what they were traced for: those used last, `most` at most. */
export class Programs<P extends Kept> {
  readonly #kept = new Map<string, P>();
  readonly #engaged: Engaged = new Set();
  /** Programs that were made in the place of others, less half of the calls that found theirs. */
  #wasted = 0;

  constructor(readonly most: number, readonly name: string, readonly compiledAt: Site) {}

  /** From now on the engine gets its programs back when nothing refers to `caller` any more, which alone runs them. */
  belongTo(caller: object): void {
    abandoned.register(caller, this.#engaged);
  }

  /** The program of a signature, as somebody sees it who does not use it. */
  peek(signature: string): P | undefined {
    return this.#kept.get(signature);
  }

  /** The program of a signature, which is then the last to be forgotten. */
  get(signature: string): P | undefined {
    const program = this.#kept.get(signature);
    if (program) this.#wasted = Math.max(0, this.#wasted - 0.5);
    if (program && this.#kept.size > 1) {
      this.#kept.delete(signature);
      this.#kept.set(signature, program);
    }
    return program;
  }

  /** Keeps a program; forgets the one that was not used for longest if there are too many. */
  set(signature: string, program: P): void {
    this.#kept.set(signature, program);
    for (const x of this.#engaged) if (!x.deref()) this.#engaged.delete(x);
    this.#engaged.add(new WeakRef(program.executable));
    if (this.#kept.size <= this.most) return;
    const [oldest, { runner }] = this.#kept.entries().next().value!;
    this.#kept.delete(oldest);
    runner.dispose();
    if (++this.#wasted >= mostWasted) this.#warn();
  }

  /** All of them. */
  all(): P[] {
    return [...this.#kept.values()];
  }

  /** Gives all of them back. */
  clear(): void {
    for (const { runner } of this.#kept.values()) runner.dispose();
    this.#kept.clear();
  }

  #warn(): void {
    const last = [...this.#kept.keys()].slice(-3);
    warn({
      code: "G309",
      message: `${this.name} is traced again and again: it keeps ${this.most} ${
        this.most === 1 ? "program" : "programs"
      }, and is called with arguments of more forms, lately ${last.join("; ")}`,
      sites: [{ site: this.compiledAt, note: "compiled here" }],
      params: [this.name],
      help: [
        "batches of many lengths: padBatch(batch) fills them up to a few, with a mask.",
        `more programs: compile(fn, { programs: ${4 * this.most} }).`,
      ],
    });
  }
}
