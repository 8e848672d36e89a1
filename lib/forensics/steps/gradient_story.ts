/**
 * What the gradients are made of that `backward()` left: of which losses, and whether a step has used them. So a gradient is
 * recognised that counts twice: backward() called twice on one loss, or a zeroGrad() that was forgotten.
 */

import type { Node } from "../../graph/node.ts";
import { callerSite } from "../../graph/site.ts";
import { warn } from "../../graph/warning.ts";
import { listed } from "../flow/label.ts";
import type { Learner } from "../flow/edges.ts";

/** A gradient, as `grad` of a parameter holds it. */
type Gradient = object;

/** A parameter and its gradient. */
interface Holder extends Learner {
  readonly grad: Gradient | null;
}

interface Story {
  /** The losses that have added to it, the last ones. */
  readonly losses: readonly Node[];
  /** Whether a step has used what was there before the last of them was added. */
  readonly isUsedUp: boolean;
}

const kept = 16;
const stories = new WeakMap<Gradient, Story>();
const used = new WeakSet<Gradient>();

/** `loss` was added to the gradients of `owners`, which were `before`. */
export function noteBackward(loss: Node, owners: readonly Holder[], before: readonly (Gradient | null)[]): void {
  const twice: Learner[] = [];
  for (const [i, owner] of owners.entries()) {
    const old = before[i] ?? null;
    const story = old && stories.get(old);
    if (story?.losses.includes(loss)) twice.push(owner);
    stories.set(owner.grad!, {
      losses: [...(story?.losses ?? []).slice(1 - kept), loss],
      isUsedUp: old !== null && (used.has(old) || story?.isUsedUp === true),
    });
  }
  if (twice.length === 0) return;
  const labels = twice.map((x) => x.label);
  warn({
    code: "G112",
    message: `backward() was called twice on one loss: its gradient counts twice for ${listed(twice)}`,
    sites: [{ site: callerSite(), note: "for the second time" }, { site: loss.site, note: "the loss" }],
    params: labels,
    help: ["call it once; to count it twice on purpose:  loss.mul(2).backward()."],
  });
}

/** For `step()`, which uses the gradients of `owners`: warns if a step has used them, or a part of them, before. */
export function noteUse(owners: readonly Holder[]): void {
  const isAgain = ({ grad }: Holder): boolean => used.has(grad!) || stories.get(grad!)?.isUsedUp === true;
  const again = owners.filter(isAgain);
  for (const { grad } of owners) used.add(grad!);
  const [first] = again;
  if (!first) return;
  const labels = again.map((x) => x.label);
  const isSame = stories.get(first.grad!)?.isUsedUp !== true;
  warn({
    code: "G112",
    message: isSame
      ? `step() uses the gradients of ${listed(again)} again: there was no backward() since the last step()`
      : `the gradients of ${listed(again)} add up over the steps: zeroGrad() was not called since the last step()`,
    sites: [{ site: callerSite(), note: "steps by what a step has used before" }],
    params: labels,
    help: ["call zeroGrad() before backward(): it forgets the gradients of the step before."],
  });
}

/** Whether a step has used these gradients as they are. */
export function areUsed(owners: readonly Holder[]): boolean {
  return owners.every(({ grad }) => used.has(grad!));
}

/** The losses whose gradients no step has used, of `owners`. */
export function unusedLosses(owners: readonly Holder[]): Set<Node> {
  return new Set(
    owners.flatMap(({ grad }) => grad && !used.has(grad) ? stories.get(grad)?.losses ?? [] : []),
  );
}
