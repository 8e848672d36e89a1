/**
 * Where the code of a kernel goes: the function's start, and one scope for each loop around what is being written. A value is
 * computed in the outermost scope that knows all that it is made of, and is known to the scopes inside of that.
 */

import { type Ix, variables } from "../fused/ix.ts";
import type { Code, ValueType } from "./encoder.ts";

/** A local of the function, and the scope that computes it. */
export interface Known {
  readonly local: number;
  readonly home: Scope;
  /** Whether its four lanes are equal. */
  readonly uniform: boolean;
}

/** What a value is known by. */
export type Key = string | number;

/** The start of a function, the body of a loop, or a part of either. */
export class Scope {
  readonly depth: number;
  readonly #known = new Map<Key, Known>();

  constructor(readonly code: Code, readonly parent: Scope | null = null) {
    this.depth = parent === null ? 0 : parent.depth + 1;
  }

  /** A scope inside, whose code is appended by who asks for it. */
  child(): Scope {
    return new Scope(this.code.part(), this);
  }

  /** The function's start. */
  get root(): Scope {
    return this.parent?.root ?? this;
  }

  /** What has been computed under this key, here or outside. */
  find(key: Key): Known | undefined {
    return this.#known.get(key) ?? this.parent?.find(key);
  }

  /** Makes a value known here and inside. */
  name(key: Key, local: number, uniform = false): Known {
    const known: Known = { local, home: this, uniform };
    this.#known.set(key, known);
    return known;
  }

  /** Makes a value that is known here known by another key too. */
  alias(key: Key, known: Known): void {
    this.#known.set(key, known);
  }

  /** The inner of two scopes that lie around the same place. */
  static inner(a: Scope, b: Scope): Scope {
    return a.depth >= b.depth ? a : b;
  }

  /** Where an index can be computed at the earliest, as seen from here. */
  homeOf(ix: Ix): Scope {
    let home = this.root;
    for (const name of variables(ix)) home = Scope.inner(home, this.variable(name).home);
    return home;
  }

  /** A variable of indices: a loop's counter, a step of a scan, a computed index. */
  variable(name: string): Known {
    const known = this.find(`$${name}`);
    if (!known) throw new Error(`The index ${name} is not known here.`);
    return known;
  }

  /** Computes a value in this scope, once: `write` leaves it on the stack. */
  make(key: Key, type: ValueType, uniform: boolean, write: (code: Code) => void): Known {
    const known = this.find(key);
    if (known) return known;
    const local = this.code.local(type);
    write(this.code);
    this.code.set(local);
    return this.name(key, local, uniform);
  }

  /** Writes `count` turns of a loop around what `body` writes into an inner scope. `name` counts them from 0. */
  loop(name: string, count: number, body: (inner: Scope) => void): void {
    const inner = this.child();
    if (count === 1) {
      body(inner);
      this.code.append(inner.code);
      return;
    }
    const counter = this.code.local("i32");
    inner.name(`$${name}`, counter);
    body(inner);
    this.code.times(counter, 0, count, 1, () => this.code.append(inner.code));
  }
}
