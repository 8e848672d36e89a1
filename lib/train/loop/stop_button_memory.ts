/** What the thread that hears the stop button and the one that computes share: 16 bytes. */

/** Milliseconds, the same in every thread. */
export function clock(): number {
  return performance.timeOrigin + performance.now();
}

/** How often the button was pressed. */
export function countOf(memory: SharedArrayBuffer): number {
  return Atomics.load(new Int32Array(memory, 8, 1), 0);
}

/** When it was pressed last, by {@linkcode clock}. */
export function lastOf(memory: SharedArrayBuffer): number {
  return new Float64Array(memory, 0, 1)[0]!;
}

/** It is pressed. */
export function press(memory: SharedArrayBuffer): void {
  new Float64Array(memory, 0, 1)[0] = clock();
  Atomics.add(new Int32Array(memory, 8, 1), 0, 1);
}
