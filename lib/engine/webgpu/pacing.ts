/**
 * Paces how often Dawn looks whether the GPU is done. While anything is awaited, Dawn calls the global `setImmediate` with
 * a new native function at every turn of the event loop, about 100,000 a second, and Deno stalls for half a second and more
 * when it collects them. So a poll of Dawn waits ever more turns the longer its await lasts, and in the end for a timer:
 * a short await ends within a quarter of its length, a long one within two milliseconds, and few functions are made.
 */

/** The first polls of an await come at every turn; after that the next poll comes a quarter later than the last. */
const eagerTurns = 8;

/** After so many turns, about a millisecond, the processor is left alone. */
const lastTurn = 1024;

const marker = Symbol.for("plumbline.pacedSetImmediate");

type Callback = (...args: unknown[]) => void;
type SetImmediate = (callback: Callback, ...args: unknown[]) => unknown;

/**
 * Wraps the global `setImmediate`, once. Only bare native functions without arguments are delayed: those are Dawn's. All
 * other callers reach the original as before.
 */
export function paceDawn(): void {
  const original = globalThis.setImmediate as SetImmediate;
  if (marker in original) return;
  const paced: SetImmediate = (callback, ...args) =>
    args.length === 0 && isBareNative(callback) ? schedule(callback, original) : original(callback, ...args);
  // Copying the properties keeps what Node hangs on it: the form for `util.promisify`.
  Object.defineProperties(paced, Object.getOwnPropertyDescriptors(original));
  Object.defineProperty(paced, marker, { value: true });
  globalThis.setImmediate = paced as typeof globalThis.setImmediate;
}

/** Turns since the current await began: while one await lasts, Dawn asks for the next poll from inside the last one. */
let turns = 0;
let polling = false;

/** Polls that Dawn has asked for: one for each instance that waits. */
const asked = new Set<Callback>();
let isScheduled = false;

function schedule(callback: Callback, original: SetImmediate): unknown {
  asked.add(callback);
  if (isScheduled) return;
  isScheduled = true;
  if (!polling) turns = 0;
  if (turns >= lastTurn) return setTimeout(pollAsScheduled, 0);
  let left = turns < eagerTurns ? 1 : turns >> 2;
  turns += left;
  const idle = () => {
    left -= 1;
    if (left > 0) original(idle);
    else pollAsScheduled();
  };
  return original(idle);
}

function pollAsScheduled(): void {
  isScheduled = false;
  pollNow();
}

/**
 * Lets Dawn look at once whether the GPU is done, for a program that does not come back to the event loop. Whether it had asked to: if
 * not, it waits for nothing, or another copy of this module paces it.
 */
export function pollNow(): boolean {
  const polls = [...asked];
  asked.clear();
  polling = true;
  try {
    for (const poll of polls) poll();
  } finally {
    polling = false;
  }
  return polls.length > 0;
}

/** Functions that Node's native interface makes have no name; those of `bind` and of the language have one. */
function isBareNative(callback: Callback): boolean {
  return typeof callback === "function" && callback.name === "" &&
    Function.prototype.toString.call(callback) === "function () { [native code] }";
}
