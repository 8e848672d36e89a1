/** The text of one WGSL module: bindings, helpers, and scopes that expressions are written into. */

import type { Node } from "../../graph/node.ts";
import { type DType, sizeOf } from "../../graph/types.ts";
import type { Expr, Interner } from "../fused/expr.ts";
import { converted, literal, memoryType, type Phrase, phrase } from "./intrinsics.ts";
import { add, type Atom, type Ix, variables } from "../fused/ix.ts";
import { type Memory, memoryName, type Place } from "../fused/place.ts";
import type { Binding } from "./kernel.ts";
import { preludeText } from "./prelude.ts";

/** Lines of a block; names of what they have computed are known to inner blocks. */
export class Scope {
  readonly lines: string[] = [];
  readonly #names = new Map<string, string>();

  /** With `inner`, expressions that use none of these variables are written into the parent: out of a loop. */
  constructor(readonly parent: Scope | null = null, readonly inner: ReadonlySet<string> | null = null) {}

  /** The name of a computed value, here or outside. */
  find(key: string): string | undefined {
    return this.#names.get(key) ?? this.parent?.find(key);
  }

  /** Makes a computed value known. */
  name(key: string, name: string): void {
    this.#names.set(key, name);
  }

  /** The lines, indented. */
  text(indent: string): string {
    return this.lines.map((line) => line.replace(/^/gm, indent)).join("\n");
  }
}

const stepNames = /^[tp](\d+)$/;

/**
 * Which argument a compiler would cancel against the other, a / b * b or a * b / b, and with it the NaN or the infinity that it
 * is; -1 if none.
 */
function cancelled(name: string, args: readonly Expr[]): number {
  return args.findIndex(({ dtype, form }, i) => {
    if (dtype !== "float32" || form.kind !== "call") return false;
    const other = args[1 - i];
    return name === "mul"
      ? form.name === "div" && form.args[1] === other
      : name === "div" && i === 0 && form.name === "mul" && form.args.includes(other!);
  });
}

/** Builds one module. */
export class Module {
  readonly #bindings = new Map<string, { memory: Memory; dtype: DType; written: boolean }>();
  readonly #needs = new Set<string>();
  #names = 0;

  constructor(readonly exprs: Interner, readonly places: (node: Node) => Place, readonly depth: number) {}

  /** The buffers, in the order of their binding numbers. */
  bindings(): Binding[] {
    return [...this.#bindings.values()].map(({ memory, written }) => ({ memory, written }));
  }

  /** The whole text around the functions `body`. */
  text(body: string): string {
    const buffers = [...this.#bindings.values()].map(({ memory, dtype, written }, i) => {
      // Two ranges of the arena may be read and written in one dispatch only if both are bound for writing.
      const access = written || memory.kind === "arena" ? "read_write" : "read";
      return `@group(0) @binding(${i}) var<storage, ${access}> b${i}: array<${memoryType(dtype)}>;`;
    });
    const steps = Array.from(
      { length: this.depth },
      (_, i) => `@group(1) @binding(${i}) var<uniform> s${i}: vec4<u32>;`,
    );
    return [...buffers, ...steps, preludeText(this.#needs), body].filter((x) => x !== "").join("\n") + "\n";
  }

  #fresh(letter: string): string {
    return `${letter}${this.#names++}`;
  }

  #buffer(memory: Memory, dtype: DType, written: boolean): string {
    const key = memoryName(memory);
    const known = this.#bindings.get(key);
    if (known) known.written ||= written;
    else this.#bindings.set(key, { memory, dtype, written });
    return `b${[...this.#bindings.keys()].indexOf(key)}`;
  }

  #use(phrase: Phrase): string {
    phrase.needs.forEach((name) => this.#needs.add(name));
    return phrase.text;
  }

  /** A number as text. */
  number(dtype: DType, value: number): string {
    return this.#use(literal(dtype, value));
  }

  /** Makes sure that helpers are in the text. */
  need(...names: string[]): void {
    names.forEach((name) => this.#needs.add(name));
  }

  /** Writes what `expr` needs into `scope` and gives the text of its value. */
  value(expr: Expr, scope: Scope): string {
    const key = `e${expr.id}`;
    const known = scope.find(key);
    if (known) return known;
    if (expr.form.kind === "const") return this.number(expr.dtype, expr.form.value);
    if (scope.parent && scope.inner && !this.#uses(expr, scope.inner)) return this.value(expr, scope.parent);
    const name = this.#fresh("v");
    const text = this.#text(expr, scope);
    scope.lines.push(`let ${name} = ${text};`);
    scope.name(key, name);
    return name;
  }

  #text(expr: Expr, scope: Scope): string {
    const { form } = expr;
    switch (form.kind) {
      case "const":
        return this.number(expr.dtype, form.value);
      case "index":
        return `i32(${this.index(form.ix, scope)})`;
      case "within": {
        const ix = this.index(form.ix, scope);
        const low = form.ix.lo >= form.from ? "" : `${ix} >= ${form.from}`;
        const high = form.ix.hi < form.to ? "" : `${ix} < ${form.to}`;
        return [low, high].filter((x) => x !== "").join(" && ");
      }
      case "load": {
        const text = this.#load(form.node, form.ix, scope);
        return form.node.dtype === "bool" ? `(${text} != 0u)` : text;
      }
      case "call":
        return this.#call(expr, form.name, form.args, scope);
      case "core":
        throw new Error(`The kernel's core value of ${form.node.op} is not computed here.`);
    }
  }

  #call(expr: Expr, name: string, args: readonly Expr[], scope: Scope): string {
    // WGSL evaluates expressions of literals itself and refuses overflow and division by zero there: bind one to a name.
    const allConst = args.every((x) => x.form.kind === "const");
    const cancels = cancelled(name, args);
    const operands = args.map((x, i) => {
      let text = this.value(x, scope);
      if (i === cancels) text = this.#use({ text: `held(${text})`, needs: ["held"] });
      if (x.form.kind === "const" && (allConst || (name === "div" && i === 1 && x.dtype !== "float32"))) {
        const bound = this.#fresh("c");
        scope.lines.push(`let ${bound} = ${text};`);
        text = bound;
      }
      return { text, dtype: x.dtype };
    });
    return this.#use(phrase(name, expr.dtype, operands));
  }

  /**
   * Element `ix` of a node in memory. What is thrown away under a guard (`pad`, `concat`) may lie beyond the node, and only
   * that: there the nearest element is read, since Dawn need not look after indices.
   */
  #load(node: Node, ix: Ix, scope: Scope): string {
    const place = this.places(node);
    const last = sizeOf(node.shape) - 1;
    if (ix.lo >= 0 && ix.hi <= last) return this.element(place, ix, node.dtype, scope, false);
    const inside = `clamp(${this.index(ix, scope)}, 0, ${last})`;
    const base = place.base.key === "0" ? "" : `${this.index(place.base, scope)} + `;
    return `${this.#buffer(place.memory, node.dtype, false)}[${base}${inside}]`;
  }

  /** Element `ix` of the value at `place`, as text that can be read or assigned to. */
  element(place: Place, ix: Ix, dtype: DType, scope: Scope, written: boolean): string {
    const at = add(place.base, ix);
    if (at.lo < 0 || at.hi >= place.memory.bytes / 4) {
      throw new Error(
        `A kernel would leave ${memoryName(place.memory)}, of ${place.memory.bytes} bytes, at ${at.key}.`,
      );
    }
    return `${this.#buffer(place.memory, dtype, written)}[${this.index(at, scope)}]`;
  }

  /** Writes `expr` to element `ix` of `place`. */
  store(place: Place, ix: Ix, expr: Expr, scope: Scope): void {
    const value = { text: this.value(expr, scope), dtype: expr.dtype };
    const stored = expr.dtype === "bool" ? `select(0u, 1u, ${value.text})` : converted(value, expr.dtype);
    scope.lines.push(`${this.element(place, ix, expr.dtype, scope, true)} = ${stored};`);
  }

  /** The text of an index. */
  index(ix: Ix, scope: Scope): string {
    const parts = ix.terms.map(({ atom, factor }) => {
      const text = this.#atom(atom, scope);
      return factor === 1 ? text : `${text} * ${factor}`;
    });
    if (ix.offset !== 0 || parts.length === 0) parts.push(`${ix.offset}`);
    return parts.length === 1 && ix.terms[0]?.factor === 1 ? parts[0]! : `(${parts.join(" + ")})`;
  }

  #atom(atom: Atom, scope: Scope): string {
    const known = scope.find(atom.key);
    if (known) return known;
    const dynamic = atom.kind === "var" ? this.exprs.behind(atom.key) : undefined;
    if (atom.kind === "var" && !dynamic) {
      const step = stepNames.exec(atom.key);
      return step && Number(step[1]) < this.depth
        ? `i32(s${step[1]}.${atom.key.startsWith("t") ? "x" : "y"})`
        : atom.key;
    }
    const inner = scope.inner;
    const names = atom.kind === "var" ? [] : [...variables(atom.of)];
    const varies = inner !== null &&
      (dynamic ? this.#uses(dynamic, inner) : names.some((name) => this.#varies(name, inner)));
    if (scope.parent && inner && !varies) return this.#atom(atom, scope.parent);
    const text = dynamic
      ? `clamp(${this.value(dynamic, scope)}, 0, ${atom.hi})`
      : `${this.index((atom as Exclude<Atom, { kind: "var" }>).of, scope)} ${atom.kind === "div" ? "/" : "%"} ${
        (atom as Exclude<Atom, { kind: "var" }>).by
      }`;
    const name = this.#fresh("x");
    scope.lines.push(`let ${name} = ${text};`);
    scope.name(atom.key, name);
    return name;
  }

  #varies(name: string, inner: ReadonlySet<string>): boolean {
    const dynamic = this.exprs.behind(name);
    return inner.has(name) || (dynamic !== undefined && this.#uses(dynamic, inner));
  }

  readonly #known = new Map<string, boolean>();

  /** Whether `expr` depends on one of the variables. */
  #uses(expr: Expr, inner: ReadonlySet<string>): boolean {
    const key = `${[...inner].join()}:${expr.id}`;
    let uses = this.#known.get(key);
    if (uses === undefined) {
      const { form } = expr;
      if (form.kind === "call") uses = form.args.some((x) => this.#uses(x, inner));
      else if (form.kind === "const" || form.kind === "core") uses = false;
      else uses = [...variables(form.ix)].some((name) => this.#varies(name, inner));
      this.#known.set(key, uses);
    }
    return uses;
  }
}
