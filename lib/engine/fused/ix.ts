/**
 * Symbolic indices: sums of variables, quotients and remainders with known ranges, kept in one canonical form, so that
 * reshapes cancel and two accesses of the same element have the same key.
 *
 * Quotients and remainders are exact for operands that are not negative. An operand that may be negative only occurs
 * under a guard (`pad`, `concat`) that throws its value away.
 */

/** What a sum is made of: a variable, or a quotient or remainder of a sum. */
export type Atom =
  | { readonly kind: "var"; readonly key: string; readonly lo: number; readonly hi: number }
  | {
    readonly kind: "div" | "mod";
    readonly key: string;
    readonly of: Ix;
    readonly by: number;
    readonly lo: number;
    readonly hi: number;
  };

/** An atom times a constant. */
export interface Term {
  readonly atom: Atom;
  readonly factor: number;
}

/** A sum of terms and an offset; `lo` and `hi` bound its value, equal keys mean equal values. */
export interface Ix {
  readonly terms: readonly Term[];
  readonly offset: number;
  readonly key: string;
  readonly lo: number;
  readonly hi: number;
}

/** A sum in canonical form. Its key is written when somebody asks: of most sums nobody does. */
class Sum implements Ix {
  #key: string | null = null;

  constructor(readonly terms: readonly Term[], readonly offset: number, readonly lo: number, readonly hi: number) {}

  get key(): string {
    return this.#key ??= this.#written();
  }

  #written(): string {
    let key = "";
    for (const { atom, factor } of this.terms) {
      if (key !== "") key += "+";
      key += factor === 1 ? atom.key : `${factor}*${atom.key}`;
    }
    if (key === "") return `${this.offset}`;
    return this.offset === 0 ? key : `${key}+${this.offset}`;
  }
}

const noTerms: readonly Term[] = [];

/** The number `n`. */
export function constant(n: number): Ix {
  return new Sum(noTerms, n, n, n);
}

/** 0. */
export const zero: Ix = constant(0);

/** A variable of `lo <= value <= hi`; equal names are equal variables. */
export function variable(name: string, lo: number, hi: number): Ix {
  return lo === hi ? constant(lo) : fromAtom({ kind: "var", key: name, lo, hi });
}

function fromAtom(atom: Atom): Ix {
  return new Sum([{ atom, factor: 1 }], 0, atom.lo, atom.hi);
}

/** Adds a term to those of other atoms; there are few of them. */
function mergeInto(all: Term[], term: Term): void {
  const { key } = term.atom;
  for (let i = 0; i < all.length; i++) {
    const { atom, factor } = all[i]!;
    if (atom.key !== key) continue;
    all[i] = { atom, factor: factor + term.factor };
    return;
  }
  all.push(term);
}

function sum(terms: readonly Term[], offset: number): Ix {
  const all: Term[] = [];
  for (const term of terms) mergeInto(all, term);
  const kept = all.filter((t) => t.factor !== 0);
  if (kept.length > 1) {
    const joined = recombine(kept, offset);
    if (joined) return joined;
    kept.sort((a, b) => a.atom.key < b.atom.key ? -1 : 1);
  }
  return ordered(kept, offset);
}

/** The sum of terms that are in canonical form: those of such a sum, some of them, or all times the same number. */
function ordered(terms: readonly Term[], offset: number): Ix {
  let lo = offset, hi = offset;
  for (const { atom, factor } of terms) {
    lo += factor * (factor > 0 ? atom.lo : atom.hi);
    hi += factor * (factor > 0 ? atom.hi : atom.lo);
  }
  return new Sum(terms, offset, lo, hi);
}

/** n * (e / n) + e % n = e, wherever such a pair occurs. */
function recombine(terms: readonly Term[], offset: number): Ix | null {
  for (const low of terms) {
    const { atom, factor } = low;
    if (atom.kind !== "mod" || !terms.some((t) => t.factor === factor * atom.by)) continue;
    const high = div(atom.of, atom.by);
    const [whole, ...others] = high.terms;
    if (!whole || others.length > 0 || whole.factor !== 1) continue;
    const pair = terms.find((t) => t.atom.key === whole.atom.key && t.factor === factor * atom.by);
    if (!pair) continue;
    const rest = terms.filter((t) => t !== low && t !== pair);
    const back = atom.of.terms.map((t) => ({ atom: t.atom, factor: t.factor * factor }));
    return sum([...rest, ...back], offset + factor * (atom.of.offset - atom.by * high.offset));
  }
  return null;
}

/** a + b. */
export function add(a: Ix, b: Ix): Ix {
  if (a.terms.length === 0) return shifted(b, a.offset);
  if (b.terms.length === 0) return shifted(a, b.offset);
  return sum([...a.terms, ...b.terms], a.offset + b.offset);
}

/** a plus the integer `n`: the same terms. */
export function shifted(a: Ix, n: number): Ix {
  return n === 0 ? a : new Sum(a.terms, a.offset + n, a.lo + n, a.hi + n);
}

/** a times the integer `n`. */
export function scale(a: Ix, n: number): Ix {
  if (n === 1) return a;
  if (n === 0) return zero;
  return ordered(a.terms.map((t) => ({ atom: t.atom, factor: t.factor * n })), a.offset * n);
}

function gcd(a: number, b: number): number {
  a = Math.abs(a);
  while (b !== 0) [a, b] = [b, a % b];
  return a;
}

/** Splits a = n * whole + rest, with the offset of rest in [0, n). */
function split(a: Ix, n: number): { whole: Ix; rest: Ix } {
  const high = a.terms.filter((t) => t.factor % n === 0).map((t) => ({ atom: t.atom, factor: t.factor / n }));
  const low = a.terms.filter((t) => t.factor % n !== 0);
  const q = Math.floor(a.offset / n);
  return { whole: ordered(high, q), rest: ordered(low, a.offset - q * n) };
}

/** The common divisor of the factors of `a` and of `n`. */
function divisor(a: Ix, n: number): number {
  return a.terms.reduce((g, t) => gcd(t.factor, g), n);
}

function reduced(a: Ix, g: number): Ix {
  return ordered(a.terms.map((t) => ({ atom: t.atom, factor: t.factor / g })), Math.floor(a.offset / g));
}

function soleAtom(a: Ix): Atom | null {
  const [only] = a.terms;
  return a.terms.length === 1 && a.offset === 0 && only!.factor === 1 ? only!.atom : null;
}

/** The quotient of `a` by the positive integer `n`, rounded down. */
export function div(a: Ix, n: number): Ix {
  if (n === 1) return a;
  if (a.lo >= 0 && a.hi < n) return zero;
  if (a.terms.length === 0) return constant(Math.floor(a.offset / n));
  const { whole, rest } = split(a, n);
  if (rest.lo < 0) return quotient(a, n);
  if (rest.hi < n) return whole;
  const g = divisor(rest, n);
  if (g > 1) return add(whole, div(reduced(rest, g), n / g));
  const atom = soleAtom(rest);
  if (atom?.kind === "div" && atom.lo >= 0) return add(whole, div(atom.of, atom.by * n));
  if (atom?.kind === "mod" && atom.by % n === 0) return add(whole, mod(div(atom.of, n), atom.by / n));
  return add(whole, quotient(rest, n));
}

function quotient(a: Ix, n: number): Ix {
  const [lo, hi] = [Math.floor(a.lo / n), Math.floor(a.hi / n)];
  return fromAtom({ kind: "div", key: `((${a.key})/${n})`, of: a, by: n, lo, hi });
}

/** The remainder of `a` by the positive integer `n`. */
export function mod(a: Ix, n: number): Ix {
  if (n === 1) return zero;
  if (a.lo >= 0 && a.hi < n) return a;
  const { rest } = split(a, n);
  if (rest.lo < 0) return remainder(a, n);
  if (rest.hi < n) return rest;
  const g = divisor(rest, n);
  if (g > 1) return add(scale(mod(reduced(rest, g), n / g), g), constant(rest.offset % g));
  const atom = soleAtom(rest);
  if (atom?.kind === "mod" && atom.by % n === 0) return mod(atom.of, n);
  return remainder(rest, n);
}

function remainder(a: Ix, n: number): Ix {
  return fromAtom({ kind: "mod", key: `((${a.key})%${n})`, of: a, by: n, lo: a.lo < 0 ? 1 - n : 0, hi: n - 1 });
}

/** The place of an element in row-major order. */
export function flatten(index: readonly Ix[], shape: readonly number[]): Ix {
  let flat = zero;
  index.forEach((x, axis) => flat = add(scale(flat, shape[axis]!), x));
  return flat;
}

/** The index of the element at a place in row-major order. */
export function unflatten(flat: Ix, shape: readonly number[]): Ix[] {
  let stride = 1;
  const index: Ix[] = [];
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const n = shape[axis]!;
    index[axis] = n === 1 ? zero : mod(div(flat, stride), n);
    stride *= n;
  }
  return index;
}

/** `a` with other indices in the place of variables; null leaves a variable as it is. */
export function substitute(a: Ix, of: (name: string) => Ix | null): Ix {
  if (a.terms.length === 0) return a;
  const terms: Term[] = [];
  let offset = a.offset;
  for (const { atom, factor } of a.terms) {
    const inner = atom.kind === "var" ? of(atom.key) ?? fromAtom(atom) : substitute(atom.of, of);
    const whole = atom.kind === "div" ? div(inner, atom.by) : atom.kind === "mod" ? mod(inner, atom.by) : inner;
    for (const x of whole.terms) terms.push({ atom: x.atom, factor: x.factor * factor });
    offset += factor * whole.offset;
  }
  return sum(terms, offset);
}

/** The names of the variables in `a`. */
export function variables(a: Ix, into: Set<string> = new Set()): Set<string> {
  for (const { atom } of a.terms) {
    if (atom.kind === "var") into.add(atom.key);
    else variables(atom.of, into);
  }
  return into;
}

/** The factor of a variable in `a`, if it occurs there plainly. */
export function factorOf(a: Ix, name: string): number {
  return a.terms.find((t) => t.atom.key === name)?.factor ?? 0;
}

/** The number that `a` is where its variables have values. */
export function evaluate(a: Ix, of: (name: string) => number): number {
  let total = a.offset;
  for (const { atom, factor } of a.terms) {
    const inner = atom.kind === "var" ? of(atom.key) : evaluate(atom.of, of);
    const whole = atom.kind === "div" ? Math.floor(inner / atom.by) : atom.kind === "mod" ? inner % atom.by : inner;
    total += factor * whole;
  }
  return total;
}
