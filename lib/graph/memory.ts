/** Whether there is room for something large, asked before it is made: a system that promises memory it lacks ends the process later. */

import process from "node:process";

/** Whether something is made without asking. */
export function isSmall(bytes: number): boolean {
  return bytes < 2 ** 28;
}

/** Bytes as a person reads them: `4,000 GB`. */
export function bytesText(bytes: number): string {
  const [size, unit] = bytes >= 1e9 ? [bytes / 1e9, "GB"] : [bytes / 1e6, "MB"];
  return `${size >= 100 ? Math.round(size).toLocaleString("en-US") : Number(size.toPrecision(3))} ${unit}`;
}

/** Bytes of memory that may still be had; Infinity where this process may not know. */
export function freeBytes(): number {
  const { state } = Deno.permissions.querySync({ name: "sys", kind: "systemMemoryInfo" });
  if (state !== "granted") return Infinity;
  const { available, swapFree, total } = Deno.systemMemoryInfo();
  // Elsewhere what is called available is not all that can be made so.
  const ofMachine = Deno.build.os === "linux" ? available + swapFree : total;
  // A container, or a job of a cluster, is ended when it takes more than its own share, whatever the machine has.
  const share = process.constrainedMemory() || Infinity;
  return Math.max(0, Math.min(ofMachine, share - Deno.memoryUsage().rss));
}

/** The end of a sentence about something that takes so many bytes; null if there is room for it. */
export function lackOf(bytes: number): string | null {
  if (isSmall(bytes)) return null;
  const free = freeBytes();
  return bytes <= free ? null : `would take ${bytesText(bytes)}, and ${bytesText(free)} of memory are free.`;
}

/** What `make` makes, which takes `bytes`. Throws a RangeError that says so if there is no room for it. */
export function withRoom<T>(what: string, bytes: number, make: () => T): T {
  const lack = lackOf(bytes);
  if (lack !== null) throw new RangeError(`${what} ${lack}`);
  try {
    return make();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new RangeError(`${what} would take ${bytesText(bytes)}, which cannot be had.`, { cause: error });
  }
}
