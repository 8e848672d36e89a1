/**
 * State that stays where a program computes it. Each of its values has two places, one to be read and one to be written, which
 * change their parts with every run that goes well: nothing is copied, and what was read is still there if the run went bad. What
 * somebody else asks for is copied; what is still wanted when its place is needed moves out.
 */

import { type DeviceBuffer, Storage } from "../../graph/storage.ts";
import { allocate, type DType, type TypedArray } from "../../graph/types.ts";
import type { Heap } from "./heap.ts";

/** The two places of a value: the numbers of their first elements in the heap. */
export interface TwoPlaces {
  readonly dtype: DType;
  readonly size: number;
  readonly at: readonly [number, number];
}

/** Which of two places. */
export type Side = 0 | 1;

/** Copies numbers into the heap. */
export function writeNumbers(heap: Heap, dtype: DType, numbers: TypedArray, at: number): void {
  const views = heap.views();
  if (dtype === "bool") {
    const masks = views.int32;
    for (let i = 0; i < numbers.length; i++) masks[at + i] = numbers[i] === 0 ? 0 : -1;
  } else views[dtype].set(numbers as Float32Array, at);
}

/** Copies numbers out of the heap. */
export function readNumbers(heap: Heap, dtype: DType, at: number, size: number): TypedArray {
  const views = heap.views();
  if (dtype !== "bool") return views[dtype].slice(at, at + size);
  const truths = allocate("bool", size);
  for (let i = 0; i < size; i++) truths[i] = views.int32[at + i]! & 1;
  return truths;
}

/** A value in one of its places, until it is given back or moves out. */
class Resident implements DeviceBuffer {
  #own: TypedArray | null = null;
  #isThere = true;

  constructor(readonly state: State, readonly index: number, readonly side: Side) {}

  get isThere(): boolean {
    return this.#isThere;
  }

  numbers(): TypedArray {
    if (this.#isThere) return this.state.numbersAt(this.index, this.side);
    if (this.#own === null) throw new Error("These numbers have been given back.");
    return this.#own;
  }

  read(): Promise<TypedArray> {
    return Promise.resolve(this.numbers());
  }

  release(): void {
    this.#isThere = false;
    this.#own = null;
  }

  /** Leaves the place to others. */
  moveOut(): void {
    if (!this.#isThere) return;
    this.#own = this.numbers();
    this.#isThere = false;
  }
}

/** The state of one program. */
export class State {
  /** Who was put into each place last. */
  readonly #residents: (WeakRef<Resident> | null)[][];

  constructor(readonly heap: Heap, readonly values: readonly TwoPlaces[]) {
    this.#residents = values.map(() => [null, null]);
  }

  /** The numbers in a place, as an array of their own. */
  numbersAt(index: number, side: Side): TypedArray {
    const { dtype, size, at } = this.values[index]!;
    return readNumbers(this.heap, dtype, at[side], size);
  }

  #find({ device }: Storage, index: number): Resident | null {
    const isHere = device instanceof Resident && device.isThere && device.state === this && device.index === index;
    return isHere ? device : null;
  }

  /** Whether the value of a storage is in a place. */
  has(index: number, side: Side, storage: Storage): boolean {
    return this.#find(storage, index)?.side === side;
  }

  /** The side to be read: that of the largest value which is here already. `places` say which input each is. */
  sideOf(places: readonly { readonly input: number }[], inputs: readonly Storage[]): Side {
    let [side, size]: [Side, number] = [0, -1];
    for (let i = 0; i < places.length; i++) {
      const storage = inputs[places[i]!.input]!;
      const found = this.#find(storage, i);
      if (found && storage.size > size) [side, size] = [found.side, storage.size];
    }
    return side;
  }

  /** Puts numbers into a place. */
  put(index: number, side: Side, numbers: TypedArray): void {
    this.clear(index, side);
    const { dtype, at } = this.values[index]!;
    writeNumbers(this.heap, dtype, numbers, at[side]);
  }

  /** Makes a place free to be written to. */
  clear(index: number, side: Side): void {
    this.#residents[index]![side]?.deref()?.moveOut();
    this.#residents[index]![side] = null;
  }

  /** What was written to a place, as a storage. */
  take(index: number, side: Side): Storage {
    const resident = new Resident(this, index, side);
    this.#residents[index]![side] = new WeakRef(resident);
    const { dtype, size } = this.values[index]!;
    return new Storage(dtype, size, null, resident);
  }

  /** Everybody moves out. */
  dispose(): void {
    this.values.forEach((_, i) => {
      this.clear(i, 0);
      this.clear(i, 1);
    });
  }
}
