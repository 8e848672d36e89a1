/** Motions as DeepMimic keeps them (`data/motions/*.json`), and how such a file is read. */

import { shown, told } from "../../../graph/kinds.ts";

/** A motion of the body `humanoid3d` in DeepMimic's format (Peng et al. 2018), as `JSON.parse` gives it. */
export interface MotionClip {
  /** `"wrap"`: after the last frame it goes on from the first, from where it has come to. `"none"`: then it is over. */
  readonly Loop: "wrap" | "none";
  /**
   * Frames of 44 numbers, y upward and x forward, quaternions (w, x, y, z): how many seconds the frame lasts (of the last one it
   * does not matter), the place of the root (3), its orientation (4), chest (4), neck (4), right hip (4), knee (1), ankle (4),
   * shoulder (4), elbow (1), and the same of the left. Where it loops the last frame is the first, a cycle further.
   */
  readonly Frames: readonly (readonly number[])[];
}

/** The parts of a frame: what each is, the bone whose turn it is, and how many numbers it has. */
export const columns: readonly { readonly what: string; readonly bone: string | null; readonly size: number }[] = [
  { what: "duration", bone: null, size: 1 },
  { what: "root position", bone: null, size: 3 },
  { what: "root rotation", bone: "root", size: 4 },
  { what: "chest", bone: "chest", size: 4 },
  { what: "neck", bone: "neck", size: 4 },
  ...["right", "left"].flatMap((side) =>
    [["hip", 4], ["knee", 1], ["ankle", 4], ["shoulder", 4], ["elbow", 1]].map(([part, size]) => ({
      what: `${side} ${part}`,
      bone: `${side}_${part}`,
      size: size as number,
    }))
  ),
];

/** Numbers of a frame. */
const frameSize: number = columns.reduce((sum, { size }) => sum + size, 0);

/** A quaternion is taken for one if its length is so close to 1. */
const nearlyOne = 0.02;

/**
 * Whether `value` is a motion. `name` is what it is called in the sentence that is thrown if not.
 *
 * @throws RangeError with a sentence that says what is wrong, the frame and the columns, counted from 1, and what to do.
 */
export function checkClip(name: string, value: unknown): asserts value is MotionClip {
  const refuse = (text: string): never => {
    throw new RangeError(`${name}: ${text}`);
  };
  if (typeof value !== "object" || value === null || Array.isArray(value) || !("Frames" in value)) {
    refuse(
      `a motion is an object { "Loop": "wrap", "Frames": [..] }, as DeepMimic's files hold it, not ${told(value)}.`,
    );
  }
  const { Loop, Frames } = value as { Loop?: unknown; Frames: unknown };
  if (Loop !== "wrap" && Loop !== "none") {
    refuse(
      `"Loop" is "wrap", if it begins again after its last frame, or "none", ${
        Loop === undefined ? "and is missing" : `not ${shown(Loop)}`
      }.`,
    );
  }
  if (!Array.isArray(Frames)) refuse(`"Frames" is a list of frames, not ${told(Frames)}.`);
  const frames = Frames as unknown[];
  if (frames.length < 2) {
    refuse(
      `"Frames" has ${
        frames.length === 1 ? "1 frame" : "no frames"
      }, and a motion at least 2: a pose is two that are equal.`,
    );
  }
  frames.forEach((frame, i) => {
    const fault = faultOf(frame, i === frames.length - 1);
    if (fault !== null) refuse(`frame ${i + 1} of ${frames.length}${fault}`);
  });
}

/** The columns from `at` on, counted from 1, and what they are. */
function columnsText(at: number, what: string, size: number): string {
  return size === 1 ? `column ${at + 1} (${what})` : `columns ${at + 1} to ${at + size} (${what})`;
}

/** What is wrong with a frame, as what follows its number; null if nothing is. */
function faultOf(frame: unknown, isLast: boolean): string | null {
  if (!Array.isArray(frame)) return ` is ${told(frame)}, not a list of ${frameSize} numbers.`;
  if (frame.length !== frameSize) {
    const order = columns.map(({ what, size }) => size === 1 ? what : `${what} (${size})`).join(", ");
    return ` has ${frame.length} columns, and those of humanoid3d have ${frameSize}: ${order}.`;
  }
  let at = 0;
  for (const { what, size } of columns) {
    const own = frame.slice(at, at + size);
    const bad = own.findIndex((x) => typeof x !== "number" || !Number.isFinite(x));
    if (bad >= 0) return `: ${columnsText(at + bad, what, 1)} is a finite number, not ${shown(own[bad])}.`;
    if (size === 4) {
      const length = Math.hypot(...own);
      if (Math.abs(length - 1) > nearlyOne) {
        return `: ${columnsText(at, what, size)} have the length ${
          rounded(length)
        }, and a quaternion (w, x, y, z) has 1: ` +
          "write each orientation as one, not as angles.";
      }
    }
    at += size;
  }
  if (!isLast && !(frame[0] > 0)) {
    return `: ${columnsText(0, "duration", 1)} is ${
      frame[0]
    }: a frame that is not the last one lasts more than 0 seconds.`;
  }
  return null;
}

const rounded = (x: number): number => Number(x.toPrecision(3));
