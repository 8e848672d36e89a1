/**
 * WebAssembly's binary format (core specification 2.0, chapter 5, with SIMD): a {@linkcode Code} is the body of a function, a
 * {@linkcode ModuleWriter} puts functions together. One table of instructions, one line each.
 */

/** The types of values. */
export type ValueType = keyof typeof valueTypes;

const valueTypes = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b } as const;

/** What follows an instruction's code: nothing, an index (of a local, a function, a label), an offset to an address, a lane. */
type Immediate = "none" | "index" | "memory" | "lane" | "memoryLane";

type Row = readonly [prefix: number | null, code: number, immediate: Immediate];

const plain = (code: number): Row => [null, code, "none"];
const index = (code: number): Row => [null, code, "index"];
const memory = (code: number): Row => [null, code, "memory"];
const simd = (code: number, immediate: Immediate = "none"): Row => [0xfd, code, immediate];

/** The instructions, but for constants and blocks, which {@linkcode Code} has methods for. */
export const instructions = {
  unreachable: plain(0x00),
  br: index(0x0c),
  br_if: index(0x0d),
  return: plain(0x0f),
  call: index(0x10),
  drop: plain(0x1a),
  select: plain(0x1b),
  "local.get": index(0x20),
  "local.set": index(0x21),
  "local.tee": index(0x22),
  "i32.load": memory(0x28),
  "f32.load": memory(0x2a),
  "f64.load": memory(0x2b),
  "i32.load8_u": memory(0x2d),
  "i32.store": memory(0x36),
  "f32.store": memory(0x38),
  "f64.store": memory(0x39),
  "i32.store8": memory(0x3a),
  "i32.eqz": plain(0x45),
  "i32.eq": plain(0x46),
  "i32.ne": plain(0x47),
  "i32.lt_s": plain(0x48),
  "i32.lt_u": plain(0x49),
  "i32.gt_s": plain(0x4a),
  "i32.gt_u": plain(0x4b),
  "i32.le_s": plain(0x4c),
  "i32.le_u": plain(0x4d),
  "i32.ge_s": plain(0x4e),
  "i32.ge_u": plain(0x4f),
  "f32.eq": plain(0x5b),
  "f32.ne": plain(0x5c),
  "f32.lt": plain(0x5d),
  "f32.gt": plain(0x5e),
  "f32.le": plain(0x5f),
  "f32.ge": plain(0x60),
  "f64.eq": plain(0x61),
  "f64.ne": plain(0x62),
  "f64.lt": plain(0x63),
  "f64.gt": plain(0x64),
  "i32.clz": plain(0x67),
  "i32.add": plain(0x6a),
  "i32.sub": plain(0x6b),
  "i32.mul": plain(0x6c),
  "i32.div_s": plain(0x6d),
  "i32.div_u": plain(0x6e),
  "i32.rem_s": plain(0x6f),
  "i32.rem_u": plain(0x70),
  "i32.and": plain(0x71),
  "i32.or": plain(0x72),
  "i32.xor": plain(0x73),
  "i32.shl": plain(0x74),
  "i32.shr_s": plain(0x75),
  "i32.shr_u": plain(0x76),
  "i32.rotl": plain(0x77),
  "f32.abs": plain(0x8b),
  "f32.neg": plain(0x8c),
  "f32.ceil": plain(0x8d),
  "f32.floor": plain(0x8e),
  "f32.nearest": plain(0x90),
  "f32.sqrt": plain(0x91),
  "f32.add": plain(0x92),
  "f32.sub": plain(0x93),
  "f32.mul": plain(0x94),
  "f32.div": plain(0x95),
  "f32.min": plain(0x96),
  "f32.max": plain(0x97),
  "f64.abs": plain(0x99),
  "f64.floor": plain(0x9c),
  "f64.nearest": plain(0x9e),
  "f64.add": plain(0xa0),
  "f64.sub": plain(0xa1),
  "f64.mul": plain(0xa2),
  "f64.div": plain(0xa3),
  "f32.convert_i32_s": plain(0xb2),
  "f32.convert_i32_u": plain(0xb3),
  "f32.demote_f64": plain(0xb6),
  "f64.convert_i32_s": plain(0xb7),
  "f64.convert_i32_u": plain(0xb8),
  "f64.promote_f32": plain(0xbb),
  "i32.reinterpret_f32": plain(0xbc),
  "f32.reinterpret_i32": plain(0xbe),
  "v128.load": simd(0x00, "memory"),
  "v128.load8_splat": simd(0x07, "memory"),
  "v128.load32_splat": simd(0x09, "memory"),
  "v128.load64_splat": simd(0x0a, "memory"),
  "v128.store": simd(0x0b, "memory"),
  "i8x16.swizzle": simd(0x0e),
  "i8x16.splat": simd(0x0f),
  "i16x8.splat": simd(0x10),
  "i32x4.splat": simd(0x11),
  "i64x2.splat": simd(0x12),
  "f32x4.splat": simd(0x13),
  "f64x2.splat": simd(0x14),
  "i32x4.extract_lane": simd(0x1b, "lane"),
  "i32x4.replace_lane": simd(0x1c, "lane"),
  "f32x4.extract_lane": simd(0x1f, "lane"),
  "f32x4.replace_lane": simd(0x20, "lane"),
  "f64x2.extract_lane": simd(0x21, "lane"),
  "f64x2.replace_lane": simd(0x22, "lane"),
  "i32x4.eq": simd(0x37),
  "i32x4.ne": simd(0x38),
  "i32x4.lt_s": simd(0x39),
  "i32x4.lt_u": simd(0x3a),
  "i32x4.gt_s": simd(0x3b),
  "i32x4.gt_u": simd(0x3c),
  "i32x4.le_s": simd(0x3d),
  "i32x4.le_u": simd(0x3e),
  "i32x4.ge_s": simd(0x3f),
  "i32x4.ge_u": simd(0x40),
  "f32x4.eq": simd(0x41),
  "f32x4.ne": simd(0x42),
  "f32x4.lt": simd(0x43),
  "f32x4.gt": simd(0x44),
  "f32x4.le": simd(0x45),
  "f32x4.ge": simd(0x46),
  "f64x2.eq": simd(0x47),
  "f64x2.ne": simd(0x48),
  "f64x2.lt": simd(0x49),
  "f64x2.gt": simd(0x4a),
  "f64x2.le": simd(0x4b),
  "f64x2.ge": simd(0x4c),
  "v128.not": simd(0x4d),
  "v128.and": simd(0x4e),
  "v128.andnot": simd(0x4f),
  "v128.or": simd(0x50),
  "v128.xor": simd(0x51),
  "v128.bitselect": simd(0x52),
  "v128.any_true": simd(0x53),
  "v128.load32_lane": simd(0x56, "memoryLane"),
  "v128.store8_lane": simd(0x58, "memoryLane"),
  "v128.store32_lane": simd(0x5a, "memoryLane"),
  "v128.load32_zero": simd(0x5c, "memory"),
  "v128.load64_zero": simd(0x5d, "memory"),
  "f32x4.demote_f64x2_zero": simd(0x5e),
  "f64x2.promote_low_f32x4": simd(0x5f),
  "i8x16.narrow_i16x8_u": simd(0x66),
  "f32x4.ceil": simd(0x67),
  "f32x4.floor": simd(0x68),
  "f32x4.trunc": simd(0x69),
  "f32x4.nearest": simd(0x6a),
  "f64x2.floor": simd(0x75),
  "i16x8.narrow_i32x4_s": simd(0x85),
  "i16x8.extend_low_i8x16_s": simd(0x87),
  "i16x8.extend_low_i8x16_u": simd(0x89),
  "f64x2.nearest": simd(0x94),
  "i32x4.abs": simd(0xa0),
  "i32x4.neg": simd(0xa1),
  "i32x4.all_true": simd(0xa3),
  "i32x4.bitmask": simd(0xa4),
  "i32x4.extend_low_i16x8_s": simd(0xa7),
  "i32x4.extend_low_i16x8_u": simd(0xa9),
  "i32x4.shl": simd(0xab),
  "i32x4.shr_s": simd(0xac),
  "i32x4.shr_u": simd(0xad),
  "i32x4.add": simd(0xae),
  "i32x4.sub": simd(0xb1),
  "i32x4.mul": simd(0xb5),
  "i32x4.min_s": simd(0xb6),
  "i32x4.min_u": simd(0xb7),
  "i32x4.max_s": simd(0xb8),
  "i32x4.max_u": simd(0xb9),
  "i64x2.shl": simd(0xcb),
  "i64x2.shr_s": simd(0xcc),
  "i64x2.shr_u": simd(0xcd),
  "i64x2.add": simd(0xce),
  "i64x2.sub": simd(0xd1),
  "f32x4.abs": simd(0xe0),
  "f32x4.neg": simd(0xe1),
  "f32x4.sqrt": simd(0xe3),
  "f32x4.add": simd(0xe4),
  "f32x4.sub": simd(0xe5),
  "f32x4.mul": simd(0xe6),
  "f32x4.div": simd(0xe7),
  "f32x4.min": simd(0xe8),
  "f32x4.max": simd(0xe9),
  "f32x4.pmin": simd(0xea),
  "f32x4.pmax": simd(0xeb),
  "f64x2.abs": simd(0xec),
  "f64x2.neg": simd(0xed),
  "f64x2.sqrt": simd(0xef),
  "f64x2.add": simd(0xf0),
  "f64x2.sub": simd(0xf1),
  "f64x2.mul": simd(0xf2),
  "f64x2.div": simd(0xf3),
  "f64x2.min": simd(0xf4),
  "f64x2.max": simd(0xf5),
  "f64x2.pmin": simd(0xf6),
  "f64x2.pmax": simd(0xf7),
  "i32x4.trunc_sat_f32x4_s": simd(0xf8),
  "i32x4.trunc_sat_f32x4_u": simd(0xf9),
  "f32x4.convert_i32x4_s": simd(0xfa),
  "f32x4.convert_i32x4_u": simd(0xfb),
  "i32x4.trunc_sat_f64x2_s_zero": simd(0xfc),
  "i32x4.trunc_sat_f64x2_u_zero": simd(0xfd),
  "f64x2.convert_low_i32x4_s": simd(0xfe),
  "f64x2.convert_low_i32x4_u": simd(0xff),
  "f32x4.relaxed_madd": simd(0x105),
} as const satisfies Record<string, Row>;

/** The name of an instruction. */
export type Instruction = keyof typeof instructions;

/** Appends a number in LEB128, unsigned. */
function unsigned(into: number[], value: number): void {
  let rest = value;
  do {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    into.push(rest > 0 ? low | 0x80 : low);
  } while (rest > 0);
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

const bytesOf = (numbers: Float32Array | Float64Array | Int32Array): Uint8Array => new Uint8Array(numbers.buffer);

/** The body of a function. Its parameters are the first locals. */
export class Code {
  readonly #bytes: number[] = [];
  readonly #locals: ValueType[] = [];

  constructor(readonly params: readonly ValueType[], readonly results: readonly ValueType[]) {}

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
    if (immediate === "index") unsigned(this.#bytes, first);
    if (immediate === "lane") this.#bytes.push(first);
    if (immediate === "memory" || immediate === "memoryLane") {
      this.#bytes.push(0);
      unsigned(this.#bytes, first);
    }
    if (immediate === "memoryLane") this.#bytes.push(second);
    return this;
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
    this.#bytes.push(0x43, ...bytesOf(new Float32Array([value])));
    return this;
  }

  /** `f64.const`. */
  f64(value: number): this {
    this.#bytes.push(0x44, ...bytesOf(new Float64Array([value])));
    return this;
  }

  /** `v128.const` of four float32. */
  f32x4(...values: readonly [number] | readonly [number, number, number, number]): this {
    return this.#v128(bytesOf(new Float32Array(values.length === 1 ? [0, 0, 0, 0].fill(values[0]) : values)));
  }

  /** `v128.const` of two float64. */
  f64x2(...values: readonly [number] | readonly [number, number]): this {
    return this.#v128(bytesOf(new Float64Array(values.length === 1 ? [values[0], values[0]] : values)));
  }

  /** `v128.const` of four int32. */
  i32x4(...values: readonly [number] | readonly [number, number, number, number]): this {
    return this.#v128(bytesOf(new Int32Array(values.length === 1 ? [0, 0, 0, 0].fill(values[0]) : values)));
  }

  #v128(bytes: Uint8Array): this {
    this.#bytes.push(0xfd, 12, ...bytes);
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
    return this.#bytes.length;
  }

  /** The entry of the code section. */
  encode(): number[] {
    const head: number[] = [];
    unsigned(head, this.#locals.length);
    for (const type of this.#locals) head.push(1, valueTypes[type]);
    const entry: number[] = [];
    unsigned(entry, head.length + this.#bytes.length + 1);
    return entry.concat(head, this.#bytes, [0x0b]);
  }
}

/** A module that imports one memory, `env.memory`, and exports functions by name. */
export class ModuleWriter {
  readonly #functions: { readonly name: string | null; readonly code: Code }[] = [];

  /** Adds a function; gives the index to call it by. One without a name is not exported. */
  add(code: Code, name: string | null = null): number {
    return this.#functions.push({ name, code }) - 1;
  }

  /** The module. Its memory is one of `pages` of 64 KiB or more. */
  encode(pages = 1): Uint8Array<ArrayBuffer> {
    const types = new Map<string, number>();
    const signatures: number[][] = [];
    const typeOf = ({ params, results }: Code): number => {
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
    const exported = this.#functions.flatMap(({ name }, i) => name === null ? [] : [{ name, i }]);
    const parts: number[][] = [[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]];
    const vector = (items: readonly (readonly number[])[]): number[] => {
      const out: number[] = [];
      unsigned(out, items.length);
      for (const item of items) for (const byte of item) out.push(byte);
      return out;
    };
    const section = (id: number, body: readonly number[]): void => {
      const head = [id];
      unsigned(head, body.length);
      parts.push(head, body as number[]);
    };
    const leb = (n: number): number[] => {
      const out: number[] = [];
      unsigned(out, n);
      return out;
    };
    const text = (s: string): number[] => vector([...new TextEncoder().encode(s)].map((x) => [x]));
    section(1, vector(signatures));
    section(2, vector([[...text("env"), ...text("memory"), 0x02, 0x00, ...leb(pages)]]));
    section(3, vector(indices.map(leb)));
    section(7, vector(exported.map(({ name, i }) => [...text(name), 0x00, ...leb(i)])));
    section(10, vector(this.#functions.map(({ code }) => code.encode())));
    const bytes = new Uint8Array(parts.reduce((sum, x) => sum + x.length, 0));
    let at = 0;
    for (const part of parts) {
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  }
}
