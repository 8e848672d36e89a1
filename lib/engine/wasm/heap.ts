/** The linear memory of the CPU engine's WebAssembly, which its programs share: each holds a range of it. */

/** Bytes before and after all ranges: vectors are read that are partly outside of their value. */
const margin = 256;
/** Bytes for constants, which lie before all ranges. */
const constantBytes = 8192;
const pageBytes = 65536;
const alignment = 64;
/** The most bytes of all ranges together. */
const mostBytes = 2 ** 31 - 2 * pageBytes;

interface Range {
  readonly start: number;
  readonly bytes: number;
}

/** The memory as numbers. They are void when it has grown. */
export interface Views {
  readonly float32: Float32Array;
  readonly int32: Int32Array;
  readonly uint32: Uint32Array;
}

/** Memory in ranges that are handed out and given back. */
export class Heap {
  readonly memory: WebAssembly.Memory;
  /** In order. */
  readonly #ranges: Range[] = [];
  /** Where constants are, by their bytes. */
  readonly #constants = new Map<string, number>();
  #views: Views | null = null;

  constructor() {
    this.memory = new WebAssembly.Memory({ initial: 1, maximum: Math.ceil((mostBytes + margin) / pageBytes) });
  }

  /** The bytes that are handed out. */
  get heldBytes(): number {
    return this.#ranges.reduce((sum, x) => sum + x.bytes, 0);
  }

  /** The start of a range of its own, at the lowest place that is free; null where there is none. */
  allocate(bytes: number): number | null {
    const size = Math.max(alignment, Math.ceil(bytes / alignment) * alignment);
    let start = margin + constantBytes;
    let place = 0;
    for (; place < this.#ranges.length; place++) {
      const next = this.#ranges[place]!;
      if (start + size <= next.start) break;
      start = next.start + next.bytes;
    }
    if (!this.#grow(start + size + margin)) return null;
    this.#ranges.splice(place, 0, { start, bytes: size });
    return start;
  }

  /** Gives a range back. */
  free(start: number): void {
    const place = this.#ranges.findIndex((x) => x.start === start);
    if (place >= 0) this.#ranges.splice(place, 1);
  }

  #grow(end: number): boolean {
    if (end > mostBytes) return false;
    const missing = Math.ceil((end - this.memory.buffer.byteLength) / pageBytes);
    if (missing <= 0) return true;
    try {
      this.memory.grow(missing);
      this.#views = null;
      return true;
    } catch {
      return false;
    }
  }

  /** The pages that there are; they never become fewer. */
  get pages(): number {
    return this.memory.buffer.byteLength / pageBytes;
  }

  /** Where 16 bytes are that never change; null where there is no room for more. */
  constant(bytes: Uint8Array): number | null {
    const key = bytes.join();
    const known = this.#constants.get(key);
    if (known !== undefined) return known;
    const place = margin + bytes.length * this.#constants.size;
    if (place + bytes.length > margin + constantBytes) return null;
    new Uint8Array(this.memory.buffer).set(bytes, place);
    this.#constants.set(key, place);
    return place;
  }

  /** The memory as it is now. */
  views(): Views {
    if (this.#views) return this.#views;
    const { buffer } = this.memory;
    return this.#views = {
      float32: new Float32Array(buffer),
      int32: new Int32Array(buffer),
      uint32: new Uint32Array(buffer),
    };
  }
}
