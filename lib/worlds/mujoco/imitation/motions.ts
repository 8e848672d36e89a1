/** The motions that have names, and those that somebody brings. */

import type { MotionClip } from "./clip.ts";
import { Motion } from "./motion.ts";
import { standingClip, walkingClip } from "./walk.ts";

/** The name of a motion that is made here. */
export type MotionName = "stand" | "walk";

const clips: Readonly<Record<MotionName, () => MotionClip>> = { stand: standingClip, walk: walkingClip };

/** The names of the motions that are made here. */
export const motionNames: readonly MotionName[] = Object.keys(clips) as MotionName[];

/** Whether a motion is one of those that have names. */
export function isMotionName(motion: unknown): motion is MotionName {
  return motionNames.includes(motion as MotionName);
}

/** A motion in DeepMimic's format. */
export function clipOf(name: MotionName): MotionClip {
  return clips[name]();
}

/** A motion as it is imitated. Throws a RangeError with a sentence, which begins with `name`, if it is none. */
export function motionOf(motion: MotionName | MotionClip, name = "humanoid3d: motion"): Motion {
  return new Motion(name, isMotionName(motion) ? clipOf(motion) : motion);
}
