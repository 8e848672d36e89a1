/** The clock of an animation (SMIL): which frames are shown, for how long, and what changes over them. */

import { px } from "./entities.ts";
import { quiet } from "./theme.ts";

/** Longer episodes are shown faster. */
const longestSeconds = 15;
/** The end is held for so long before the animation begins again. */
const holdSeconds = 1.2;
/** More frames than these make a file longer, and nobody sees them. */
const shownSeconds = 0.04;

/** How an animation runs. */
export interface Film {
  /** Moments that are shown, with those in which the end is held. */
  readonly count: number;
  /** From one moment to the next there are so many frames. */
  readonly stride: number;
  /** Attributes of every `animate`. */
  readonly timing: string;
  /** Frames of the longest episode. */
  readonly longest: number;
}

/** The film of episodes of at most `longest` frames, `frameSeconds` apart. */
export function filmOf(longest: number, frameSeconds: number): Film {
  const step = Math.min(frameSeconds, longestSeconds / longest);
  const stride = Math.max(1, Math.round(shownSeconds / step));
  const count = Math.ceil(longest / stride) + Math.ceil(holdSeconds / (stride * step));
  return { count, stride, timing: `dur="${(stride * step * count).toFixed(2)}s" repeatCount="indefinite"`, longest };
}

/** The frame of each moment, in an episode of so many frames. */
export function shownFrames({ count, stride }: Film, frames: number): number[] {
  return Array.from({ length: count }, (_, moment) => Math.min(moment * stride, frames - 1));
}

/** The attributes of an `animate` whose value in a frame is `value`; empty if it never changes. */
export function overTime(film: Film, frames: number, value: (frame: number) => string): string {
  const values = shownFrames(film, frames).map(value);
  return values.every((x) => x === values[0]) ? "" : `values="${values.join(";")}" ${film.timing}`;
}

/** A bar below a panel that grows until an episode of so many frames is over. */
export function barOf(
  { count, stride, timing, longest }: Film,
  frames: number,
  panel: { width: number; height: number },
) {
  const share = Math.ceil(frames / stride) / count;
  const width = px(panel.width * frames / longest);
  return `<rect y="${panel.height + 4}" height="3" rx="1.5" width="0" fill="${quiet}" opacity="0.55">` +
    `<animate attributeName="width" values="0;${width};${width}" keyTimes="0;${share.toFixed(4)};1" ${timing}/></rect>`;
}
