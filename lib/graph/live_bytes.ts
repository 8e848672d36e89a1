/**
 * What a program holds outside of JavaScript's heap, where no garbage collector sees it: engines, memory that is shared with
 * simulations, heaps of WebAssembly. Each says how much it is while it holds it.
 */

import { signature } from "./arguments.ts";
import { callable, shown, text } from "./kinds.ts";

/** Bytes by what holds them. */
export type Held = Readonly<Record<string, number>>;

const holders = new Set<() => Held>();

/** Names that were told once: what holds nothing any more is told with 0. */
const names = new Set<string>();

/** Counts what `held` says it is, until the function is called that this gives. */
export function holds(held: () => Held): () => void {
  holders.add(held);
  return () => {
    for (const name in held()) names.add(name);
    holders.delete(held);
  };
}

const takesNothing = signature("liveBytes()", {});

/**
 * Bytes that are held outside of JavaScript's heap now, by what holds them: what engines hold (`cpu: models`), memory that is shared
 * with simulations (`hopper: shared memory`), heaps of WebAssembly on all threads (`MuJoCo: heaps`), and what else was given to
 * {@linkcode countLiveBytes}. What held something and does so no more has 0.
 *
 * @example
 * ```ts
 * import { liveBytes, MujocoWorld, Simulations } from "@plumbline/plumbline";
 *
 * const simulations = await Simulations.start(new MujocoWorld("hopper"), 2, 0);
 * console.log(liveBytes()["MuJoCo: heaps"]! > 1e6); // true
 * simulations.dispose();
 * console.log(liveBytes()["MuJoCo: heaps"]); // 0
 * ```
 */
export function liveBytes(): Record<string, number> {
  takesNothing(arguments);
  const all: Record<string, number> = Object.fromEntries([...names].map((name) => [name, 0]));
  for (const held of holders) addHeld(all, held());
  for (const name in all) names.add(name);
  return all;
}

/** Adds what is held to what is in `all`. */
export function addHeld(all: Record<string, number>, held: Held): void {
  for (const name in held) all[name] = (all[name] ?? 0) + held[name]!;
}

const takesCount = signature("countLiveBytes()", { name: text, bytes: callable });

/**
 * Counts in {@linkcode liveBytes} what a program holds that JavaScript does not see, such as the heap of a WebAssembly that a
 * simulation runs in: `bytes` says how many they are whenever somebody asks. Those of one name are added up, also those of the
 * workers that step a world. Gives the function that ends it.
 *
 * @example
 * ```ts
 * import { countLiveBytes, liveBytes } from "@plumbline/plumbline";
 *
 * const memory = new WebAssembly.Memory({ initial: 1 });
 * const release = countLiveBytes("my game: heap", () => memory.buffer.byteLength);
 * console.log(liveBytes()["my game: heap"]); // 65536
 * release();
 * console.log(liveBytes()["my game: heap"]); // 0
 * ```
 */
export function countLiveBytes(name: string, bytes: () => number): () => void {
  takesCount(arguments);
  names.add(name);
  const held = (): Held => ({ [name]: checked(name, bytes()) });
  holders.add(held);
  return () => void holders.delete(held);
}

/** Throws a RangeError unless it is a number of bytes. */
function checked(name: string, bytes: unknown): number {
  if (typeof bytes === "number" && bytes >= 0 && bytes < Infinity) return bytes;
  throw new RangeError(
    `countLiveBytes(): "${name}" holds ${shown(bytes)} bytes, which is no number of them: give one from 0 on.`,
  );
}
