/** Cuts where a value was read, or became data in another way, and came in again as a constant. */

import type { Place } from "../../graph/error.ts";
import type { Node } from "../../graph/node.ts";
import { sizeOf } from "../../graph/types.ts";
import { type Drop, forbids, whatOf } from "../reads/drops.ts";
import type { Learner } from "./edges.ts";
import { helpFor } from "./help.ts";
import { shortNumber } from "./label.ts";
import { pathText, type Stop } from "./trail.ts";

/** A place where a value leaves the graph. */
export interface Cut {
  /** `item()`, `detach()`, `argmax()`, `boundary`. */
  readonly how: string;
  /** The lines: where it leaves, and where it comes in again, if that is known. */
  readonly places: readonly Place[];
  /** `loss <- add#22 <- aux.w1`. */
  readonly path: string;
  /** What to do. */
  readonly help: readonly string[];
  /** A boundary that forbids gradients. */
  readonly forbidden: boolean;
  /** More about it, for the sentence that says so. */
  readonly because?: string;
}

/** What happened at the line of a drop. */
export function describeDrop(drop: Drop): string {
  const { kind, value, rule } = drop;
  const what = whatOf(drop);
  if (kind === "boundary") {
    return rule === "forbid" ? `${what} forbids that gradients pass here` : `at ${what} values leave the graph`;
  }
  if (kind === "world") return `${what} is stepped on the host: no gradient passes it`;
  if (kind === "compiled") return `${what} is data outside of it: a compiled function keeps its graph`;
  if (kind === "argument") return `${what} is made here, with its gradient`;
  const into = value === null ? "numbers" : `the number ${shortNumber(value)}`;
  return `${kind} turned ${what} into ${into}`;
}

/** The way behind a drop, to `learner`. */
export function wayOf({ kind, value, way, learners }: Drop, learner: Learner): (Stop | string)[] {
  const isWhole = way !== null && learners[0]?.deref() === learner;
  return [...(value === null ? [] : [shortNumber(value)]), kind, ...(way ?? []), ...(isWhole ? [] : [".."])];
}

/**
 * The cut of what was read at `drop` and came in again, times `factor`, at the constant `node`, the end of the way `live`. Its
 * lines and its way are made when they are asked for: most cuts are only counted, and a line is costly to find.
 */
export function droppedAt(node: Node, live: readonly Node[], drop: Drop, learner: Learner, factor: number): Cut {
  const { argument } = drop;
  const entered = argument?.site ?? node.site;
  const isElsewhere = (): boolean => entered.key !== drop.site.key;
  const scaled = factor === 1 ? "" : `${factor} x `;
  const note = (number: Stop | string | undefined): string =>
    argument ? `passed here as ${argument.name}` : `enters here as a constant${scaled && `, ${scaled}${number}`}`;
  return {
    how: drop.kind,
    get places() {
      const [number] = wayOf(drop, learner);
      const left = { site: drop.site, note: describeDrop(drop) };
      return isElsewhere() ? [left, { site: entered, note: note(number) }] : [left];
    },
    get path() {
      const [number, ...way] = wayOf(drop, learner);
      const seen = [...live.slice(0, -1), ...(live.length > 1 ? [] : [node])];
      return pathText([...seen, `${scaled}${number}`, ...way], learner.label);
    },
    get help() {
      return helpFor({
        how: drop.kind,
        left: drop.site,
        entered: isElsewhere() ? entered : null,
        argument: argument?.name,
        isCollected: node.op === "input" && sizeOf(node.shape) > drop.size,
      });
    },
    forbidden: forbids(drop),
    ...(argument ? { because: `${argument.name} carries their gradient, and arguments are data` } : {}),
  };
}
