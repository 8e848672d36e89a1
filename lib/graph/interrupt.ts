/**
 * Interrupts: the stop button of a notebook. A call of the library asks for it when it begins, so what was begun is done
 * whole, and what is refused is left out whole: a cell ends between two calls, and all variables are as the last one left
 * them. Who installs nothing pays nothing.
 */

/** Thrown in the place of a call's result when the stop button was pressed. It is a sentence and has no stack. */
export class Interrupt extends Error {
  /** `message` tells what was done, and what to do to go on. */
  constructor(message: string) {
    super(message);
    this.name = "Interrupt";
    this.stack = `${this.name}: ${message}`;
  }
}

/** The stop button. */
export interface Presses {
  /** How often it was pressed. */
  readonly count: number;
  /** When it was pressed last, in milliseconds, by the clock `now`. */
  readonly last: number;
  /** The time, in milliseconds. */
  now(): number;
  /** A press came before its cell had asked for a call, which begins now: it was not meant for that, and ends nothing. */
  passOver(): void;
}

/**
 * How long a press waits for a call that it may end, from when it came or from the end of the call during which it came, in
 * milliseconds. A notebook does not tell where a cell ends: a press that found no call must not end the next cell.
 */
export const patience = 2000;

const left =
  "Interrupted between two calls of Plumbline: what had begun is done whole, and all variables are as it left them.";

let presses: Presses | null = null;
/** The presses that were answered. */
let answered = 0;
/** Calls that were asked for, and which of them an answer has refused: all that were waiting for their turn. */
let asked = 0;
let refused = 0;
/** Calls that are under way. */
let running = 0;
/** Holds that are not released. */
let holds = 0;
/** When the last call or hold ended; -Infinity if none began since the last answer: one who presses often means one thing. */
let ended = -Infinity;
/** When the last answer was given. */
let answeredAt = -Infinity;

/** From now on `source` is asked; null: nothing is. */
export function installPresses(source: Presses | null): void {
  presses = source;
  answered = source?.count ?? 0;
  [running, holds, ended, answeredAt] = [0, 0, -Infinity, -Infinity];
}

/** A press is answered: all that came so far are. */
function answer(source: Presses): void {
  answered = source.count;
  ended = -Infinity;
  answeredAt = source.now();
}

/** Whether there is a press that nobody has answered and that is still to end something. */
function isFresh(source: Presses): boolean {
  if (source.count === answered) return false;
  if (running > 0 || holds > 0) return true;
  return ended > -Infinity && source.now() - Math.max(source.last, ended) <= patience;
}

/** Whether the last press is one of several that mean one thing, which was answered. */
function isOfLastAnswer({ last }: Presses): boolean {
  return ended === -Infinity && last - answeredAt <= patience;
}

/** Throws where the call that was asked for as the `number`-th, after `known` presses, is not to begin. */
function refuse(source: Presses, number: number, known: number): void {
  if (holds > 0) return;
  if (isFresh(source) || source.count > Math.max(known, answered)) {
    refused = asked;
    answer(source);
  }
  const isPassedOver = source.count !== answered && !isOfLastAnswer(source);
  answered = source.count;
  if (isPassedOver) source.passOver();
  if (number <= refused) throw new Interrupt(left);
}

/** Whether there is a stop button. */
export function isInterruptible(): boolean {
  return presses !== null;
}

/** `task` as a call that may be interrupted before it begins. */
export function interruptible<T>(task: () => Promise<T>): () => Promise<T> {
  if (presses === null) return task;
  const source = presses;
  const [number, known] = [++asked, source.count];
  return async () => {
    refuse(source, number, known);
    running++;
    try {
      return await task();
    } finally {
      running--;
      ended = source.now();
    }
  };
}

/** Somebody's promise to end well when the button is pressed. */
export interface Hold {
  /** Whether it was pressed since. */
  readonly requested: boolean;
  /** The error that answers the press. */
  answer(message: string): Interrupt;
  /** Calls are interrupted again: by a press that was not answered too. */
  release(): void;
}

/** When something was asked for: as the how manieth, and after how many presses. */
interface Request {
  readonly number: number;
  readonly known: number;
}

const request = (): Request => ({ number: ++asked, known: presses?.count ?? 0 });

/**
 * From now on no call is interrupted, until it is released: whoever holds asks whether it is to end.
 *
 * @throws Interrupt if the button was pressed just before.
 */
export function holdInterrupts({ number, known: before }: Request = request()): Hold {
  const source = presses;
  if (source === null) return { requested: false, answer: (message) => new Interrupt(message), release: () => {} };
  refuse(source, number, before);
  holds++;
  const known = source.count;
  let isAnswered = false;
  return {
    get requested() {
      return source.count > known;
    },
    answer(message) {
      answer(source);
      isAnswered = true;
      return new Interrupt(message);
    },
    release() {
      holds--;
      ended = isAnswered ? -Infinity : source.now();
    },
  };
}

/**
 * `fn`, which is to be done whole when its turn comes though it makes several calls, as an iteration of a trainer does: a press
 * meanwhile ends what comes after it. Calling it throws an Interrupt if the button was pressed since now; then nothing was begun.
 */
export function wholeLater<T>(fn: () => Promise<T>): () => Promise<T> {
  const now = request();
  return async () => {
    const hold = holdInterrupts(now);
    try {
      return await fn();
    } finally {
      hold.release();
    }
  };
}

/** What becomes of the last press: it was answered, something is under way and will answer it, or nothing does. */
export function fateOfPress(): "answered" | "under way" | "waiting" | "lost" {
  if (presses === null || presses.count === answered) return "answered";
  if (running > 0 || holds > 0) return "under way";
  if (isFresh(presses)) return "waiting";
  return isOfLastAnswer(presses) ? "answered" : "lost";
}

/** Who pressed was told that it ends nothing: it does not. */
export function forgetPress(): void {
  answered = presses?.count ?? 0;
}
