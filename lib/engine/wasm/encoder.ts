/**
 * WebAssembly's binary format (core specification 2.0, chapter 5, with SIMD): a {@linkcode Code} is the body of a function, a
 * {@linkcode ModuleWriter} puts functions together. The instructions are in a table of their own.
 */

import { type Instruction, instructions } from "./instructions.ts";

export type { Instruction };

/** The types of values. */
export type ValueType = keyof typeof valueTypes;

const valueTypes = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b } as const;

/** Appends a number in LEB128, unsigned. */
function unsigned(into: number[], value: number): void {
  let rest = value;
  do {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    into.push(rest > 0 ? low | 0x80 : low);
  } while (rest > 0);
}

/**
 * Numbers from here on stand for others that are known when a function is put into its module: `symbol(n)`, with a byte offset
 * added or taken away where it is the start of some memory.
 */
const firstSymbol = 2 ** 33;
const widest = 5;

/** The `n`th number of a function that is not known yet. */
export function symbol(n: number): number {
  return firstSymbol * (n + 1);
}

/** A number, in as many bytes as any number has. */
function unsignedWide(into: Uint8Array, at: number, value: number): void {
  let rest = value;
  for (let i = 0; i < widest; i++) {
    into[at + i] = i < widest - 1 ? rest % 128 | 0x80 : rest;
    rest = Math.floor(rest / 128);
  }
}

/** Appends a number in LEB128, signed, of 32 bits. */
function signed(into: number[], value: number): void {
  let rest = value | 0;
  for (;;) {
    const low = rest & 0x7f;
    rest >>= 7;
    const done = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0);
    into.push(done ? low : low | 0x80);
    if (done) return;
  }
}

/** The 16 bytes of the constant that is being written, as numbers and as they are. */
const scratch = new ArrayBuffer(16);
const constant = {
  f32: new Float32Array(scratch),
  f64: new Float64Array(scratch),
  i32: new Int32Array(scratch),
  bytes: new Uint8Array(scratch),
};

/** Where in memory 16 bytes are that never change; null where there is no room for them. The array is used again: who keeps it copies it. */
export type Constants = (bytes: Uint8Array) => number | null;

/**
 * The body of a function. Its parameters are the first locals. A vector that does not change takes a processor one instruction to
 * load, and three or four to make: it comes from memory if `constants` are given.
 */
export class Code {
  /** What is complete, and what comes after it. */
  readonly #chunks: (readonly number[])[] = [];
  #bytes: number[] = [];
  /** Bytes in the chunks, and those that symbols will take beside the one that they are here. */
  #complete = 0;
  #locals: ValueType[] = [];

  constructor(
    readonly params: readonly ValueType[],
    readonly results: readonly ValueType[],
    readonly constants: Constants | null = null,
  ) {}

  /** A piece of this function, with the same locals, that is appended later. */
  part(): Code {
    const part = new Code(this.params, this.results, this.constants);
    part.#locals = this.#locals;
    return part;
  }

  /** Appends a piece that is complete. */
  append(part: Code): this {
    this.#chunks.push(this.#bytes, ...part.#chunks, part.#bytes);
    this.#complete += this.#bytes.length + part.size;
    this.#bytes = [];
    return this;
  }

  /** A new local; gives its index. */
  local(type: ValueType): number {
    return this.params.length + this.#locals.push(type) - 1;
  }

  /** Appends an instruction: an index, or a byte offset, or a lane, or an offset and a lane follow. */
  op(name: Instruction, first = 0, second = 0): this {
    const [prefix, code, immediate] = instructions[name];
    if (prefix !== null) this.#bytes.push(prefix);
    if (prefix === null) this.#bytes.push(code);
    else unsigned(this.#bytes, code);
    if (immediate === "index") this.#number(first);
    if (immediate === "lane") this.#bytes.push(first);
    if (immediate === "memory" || immediate === "memoryLane") {
      this.#bytes.push(0);
      this.#number(first);
    }
    if (immediate === "memoryLane") this.#bytes.push(second);
    return this;
  }

  #number(value: number): void {
    if (value < firstSymbol / 2) return unsigned(this.#bytes, value);
    this.#bytes.push(value);
    this.#complete += widest - 1;
  }

  /** Several instructions that nothing follows. */
  ops(...names: readonly Instruction[]): this {
    for (const name of names) this.op(name);
    return this;
  }

  /** `local.get`. */
  get(local: number): this {
    return this.op("local.get", local);
  }

  /** `local.set`. */
  set(local: number): this {
    return this.op("local.set", local);
  }

  /** `local.tee`. */
  tee(local: number): this {
    return this.op("local.tee", local);
  }

  /** `i32.const`. */
  i32(value: number): this {
    this.#bytes.push(0x41);
    signed(this.#bytes, value);
    return this;
  }

  /** `f32.const`. */
  f32(value: number): this {
    constant.f32[0] = value;
    this.#bytes.push(0x43, ...constant.bytes.subarray(0, 4));
    return this;
  }

  /** `f64.const`. */
  f64(value: number): this {
    constant.f64[0] = value;
    this.#bytes.push(0x44, ...constant.bytes.subarray(0, 8));
    return this;
  }

  /** `v128.const` of four float32. */
  f32x4(...values: readonly [number] | readonly [number, number, number, number]): this {
    if (values.length === 1) constant.f32.fill(values[0]);
    else constant.f32.set(values);
    return this.#v128();
  }

  /** `v128.const` of two float64. */
  f64x2(...values: readonly [number] | readonly [number, number]): this {
    if (values.length === 1) constant.f64.fill(values[0]);
    else constant.f64.set(values);
    return this.#v128();
  }

  /** `v128.const` of four int32. */
  i32x4(...values: readonly [number] | readonly [number, number, number, number]): this {
    if (values.length === 1) constant.i32.fill(values[0]);
    else constant.i32.set(values);
    return this.#v128();
  }

  #v128(): this {
    const place = this.constants?.(constant.bytes) ?? null;
    if (place !== null) return this.i32(0).op("v128.load", place);
    this.#bytes.push(0xfd, 12, ...constant.bytes);
    return this;
  }

  /** `i8x16.shuffle`: each of 16 places names a byte of the first (0 to 15) or the second (16 to 31) operand. */
  shuffle(places: readonly number[]): this {
    this.#bytes.push(0xfd, 13, ...places);
    return this;
  }

  /** `i8x16.shuffle` of four lanes of 32 bits: 0 to 3 of the first operand, 4 to 7 of the second. */
  lanes(...lanes: readonly [number, number, number, number]): this {
    return this.shuffle(lanes.flatMap((n) => [0, 1, 2, 3].map((i) => 4 * n + i)));
  }

  /** A block that leaves nothing on the stack; `br 0` inside goes to its end. */
  block(body: () => void): this {
    return this.#structure(0x02, body);
  }

  /** A loop that leaves nothing on the stack; `br 0` inside goes to its start. */
  loop(body: () => void): this {
    return this.#structure(0x03, body);
  }

  /** Runs `body` if the top of the stack is not 0, else `otherwise`. */
  if(body: () => void, otherwise?: () => void): this {
    this.#bytes.push(0x04, 0x40);
    body();
    if (otherwise) {
      this.#bytes.push(0x05);
      otherwise();
    }
    this.#bytes.push(0x0b);
    return this;
  }

  #structure(code: number, body: () => void): this {
    this.#bytes.push(code, 0x40);
    body();
    this.#bytes.push(0x0b);
    return this;
  }

  /** Appends `end - start` turns of `step` with `counter` (a local of i32) going up; nothing where there are none. */
  times(counter: number, start: number, end: number, step: number, body: () => void): this {
    if (start >= end) return this;
    this.i32(start).set(counter);
    return this.loop(() => {
      body();
      this.get(counter).i32(step).op("i32.add").tee(counter).i32(end).op("i32.lt_s").op("br_if", 0);
    });
  }

  /** How many bytes it has so far. */
  get size(): number {
    return this.#complete + this.#bytes.length;
  }

  /** The entry of the code section, in parts. */
  encode(): Bytes[] {
    return entryOf(this.#locals, [...this.#chunks, this.#bytes], this.size);
  }

  /** The same as a function whose symbols can be given again and again. */
  toTemplate(): Template {
    const bytes = new Uint8Array(this.size);
    const symbols: Template["symbols"][number][] = [];
    let at = 0;
    for (const chunk of [...this.#chunks, this.#bytes]) {
      for (const x of chunk) {
        if (x < firstSymbol / 2) bytes[at++] = x;
        else {
          const n = Math.round(x / firstSymbol) - 1;
          symbols.push({ at, n, added: x - symbol(n) });
          at += widest;
        }
      }
    }
    return new Template(this.params, this.results, this.#locals, bytes, symbols);
  }
}

type Bytes = ArrayLike<number>;

function entryOf(locals: readonly ValueType[], body: readonly Bytes[], size: number): Bytes[] {
  const head: number[] = [];
  unsigned(head, locals.length);
  for (const type of locals) head.push(1, valueTypes[type]);
  const entry: number[] = [];
  unsigned(entry, head.length + size + 1);
  return [entry, head, ...body, [0x0b]];
}

/** A function that is written, but for some numbers. */
export class Template {
  constructor(
    readonly params: readonly ValueType[],
    readonly results: readonly ValueType[],
    readonly locals: readonly ValueType[],
    readonly bytes: Uint8Array,
    readonly symbols: readonly { readonly at: number; readonly n: number; readonly added: number }[],
  ) {}

  /** The function, whose `n`th symbol is `numbers[n]`. */
  with(numbers: readonly number[]): Written {
    const { params, results, locals } = this;
    const bytes = this.bytes.slice();
    for (const { at, n, added } of this.symbols) unsignedWide(bytes, at, numbers[n]! + added);
    return { params, results, encode: () => entryOf(locals, [bytes], bytes.length) };
  }
}

/** A function that a module can take. */
export interface Written {
  readonly params: readonly ValueType[];
  readonly results: readonly ValueType[];
  encode(): Bytes[];
}

/** A module that imports one memory, `env.memory`, perhaps a function, `env.call`, and exports functions by name. */
export class ModuleWriter {
  readonly #functions: { readonly name: string | null; readonly code: Written }[] = [];

  /** `imported` has the type of the function that is imported, whose index is 0. */
  constructor(readonly imported: Code | null = null) {}

  /** Adds a function; gives the index to call it by. One without a name is not exported. */
  add(code: Written, name: string | null = null): number {
    return this.#functions.push({ name, code }) - 1 + this.#before;
  }

  /** How many functions come before its own. */
  get #before(): number {
    return this.imported === null ? 0 : 1;
  }

  /** The module. Its memory is one of `pages` of 64 KiB or more. */
  encode(pages = 1): Uint8Array<ArrayBuffer> {
    const types = new Map<string, number>();
    const signatures: number[][] = [];
    const typeOf = ({ params, results }: Written): number => {
      const key = `${params}:${results}`;
      let at = types.get(key);
      if (at === undefined) {
        types.set(key, at = types.size);
        const list = (all: readonly ValueType[]): number[] => [all.length, ...all.map((x) => valueTypes[x])];
        signatures.push([0x60, ...list(params), ...list(results)]);
      }
      return at;
    };
    const indices = this.#functions.map(({ code }) => typeOf(code));
    const before = this.#before;
    const exported = this.#functions.flatMap(({ name }, i) => name === null ? [] : [{ name, i: i + before }]);
    const parts: Bytes[] = [[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]];
    const leb = (n: number): number[] => {
      const out: number[] = [];
      unsigned(out, n);
      return out;
    };
    const text = (s: string): number[] => {
      const encoded = [...new TextEncoder().encode(s)];
      return [...leb(encoded.length), ...encoded];
    };
    /** A section that is a list, of so many entries. */
    const section = (id: number, items: readonly Bytes[], entries = items.length): void => {
      const count = leb(entries);
      const size = items.reduce((sum, x) => sum + x.length, count.length);
      parts.push([id, ...leb(size)], count, ...items);
    };
    const imports = [[...text("env"), ...text("memory"), 0x02, 0x00, ...leb(pages)]];
    if (this.imported) imports.push([...text("env"), ...text("call"), 0x00, ...leb(typeOf(this.imported))]);
    section(1, signatures);
    section(2, imports);
    section(3, indices.map(leb));
    section(7, exported.map(({ name, i }) => [...text(name), 0x00, ...leb(i)]));
    section(10, this.#functions.flatMap(({ code }) => code.encode()), this.#functions.length);
    const bytes = new Uint8Array(parts.reduce((sum, x) => sum + x.length, 0));
    let at = 0;
    for (const part of parts) {
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  }
}
