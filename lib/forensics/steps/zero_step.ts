/**
 * Gradients that are zero from the first step on. After that step a parameter that it left as it was is looked at again, with
 * the parameters as they are then: one that only started at zero (behind a last layer of zeros) has a gradient now, one behind a
 * saturated clamp has none, and its line is told in a warning. It is no error: data may bring it to life.
 */

import { vjpNodes } from "../../grad/vjp.ts";
import { magnitude } from "../../graph/composite.ts";
import { type Node, substitute, topological } from "../../graph/node.ts";
import { fullLike } from "../../graph/ops.ts";
import { pending } from "../../graph/pending.ts";
import { sizeOf, type TypedArray } from "../../graph/types.ts";
import { warn } from "../../graph/warning.ts";
import { isLearner, type Learner, liveNodes } from "../flow/edges.ts";
import { labelOf, listed } from "../flow/label.ts";
import { type Compute, whyNearZero, whyZero, type ZeroAt } from "./zero.ts";

interface Holder {
  readonly node: Node;
}

/** What an optimiser keeps for a group: the numbers of its parameters, one after another, and vectors that follow gradients. */
export interface SteppedGroup {
  readonly parameters: readonly Learner[];
  readonly vector: Holder;
  readonly moments: readonly Holder[];
}

interface Watched extends SteppedGroup {
  /** The parameters that had a gradient. */
  readonly learning: ReadonlySet<Learner>;
  /** The numbers of the vector before the step. */
  before: Node | TypedArray;
}

/** The first step of an optimiser. */
export interface FirstStep {
  readonly losses: readonly Node[];
  readonly groups: readonly Watched[];
}

/** A first step as it is going to be taken. */
export function firstStepOf(
  losses: readonly Node[],
  groups: readonly SteppedGroup[],
  learns: (x: Learner) => boolean,
): FirstStep {
  return {
    losses,
    groups: groups.map((x) => ({ ...x, learning: new Set(x.parameters.filter(learns)), before: x.vector.node })),
  };
}

/** What stands after the step for leaves of its losses. */
export type Renewal = (loss: Node) => ReadonlyMap<Node, Node>;

async function numbers(node: Node, compute: Compute): Promise<TypedArray> {
  await compute([node]);
  return await node.value!.read();
}

/** For a compiled step, which takes over the memory of its state: to be called before it runs. */
export async function keepBefore(steps: readonly FirstStep[]): Promise<void> {
  for (const group of steps.flatMap((x) => x.groups)) {
    if (group.moments.length === 0) group.before = (await group.vector.node.value!.read()).slice();
  }
}

/** A gradient that may be nothing but the rounding of parts that cancel out. */
const nearZero = 1e-6;

/** The parameters that the step has left as they were, or nearly so. */
async function unmoved({ groups }: FirstStep, compute: Compute): Promise<Learner[]> {
  const found: Learner[] = [];
  for (const { parameters, learning, vector, moments: [moment], before } of groups) {
    const after = await numbers((moment ?? vector).node, compute);
    const old = moment ? null : "op" in before ? await numbers(before, compute) : before;
    let start = 0;
    for (const parameter of parameters) {
      const end = start + sizeOf(parameter.node.shape);
      let same = learning.has(parameter);
      for (let i = start; same && i < end; i++) same = Math.abs(after[i]! - (old ? old[i]! : 0)) <= nearZero;
      if (same) found.push(parameter);
      start = end;
    }
  }
  return found;
}

/** A loss, with the leaves that stand for what learns there, as they are after the step. */
interface Renewed {
  readonly loss: Node;
  readonly owners: ReadonlyMap<Node, Learner>;
}

function renewed(loss: Node, renew: Renewal): Renewed {
  const leaves = [...liveNodes([loss])].filter((x) => isLearner(x.owner));
  const [image, ...images] = substitute([loss, ...leaves], renew(loss)) as [Node, ...Node[]];
  return { loss: image, owners: new Map(images.map((x, i) => [x, leaves[i]!.owner as Learner])) };
}

/** Those leaves of `suspects` where next to nothing is left of the gradient, with the largest entry. */
async function almostZero(
  loss: Node,
  suspects: readonly Node[],
  compute: Compute,
): Promise<{ leaf: Node; size: number }[]> {
  const gradients = vjpNodes([loss], [fullLike(loss, 1)], suspects);
  const sizes = gradients.map((g, i) => magnitude(g ?? fullLike(suspects[i]!, 0)));
  await compute(sizes);
  const found = await Promise.all(
    suspects.map(async (leaf, i) => ({ leaf, size: (await sizes[i]!.value!.read())[0]! })),
  );
  return found.filter(({ size }) => size <= nearZero);
}

/** A parameter whose gradient is 0, and why. */
interface Explained {
  readonly parameter: Learner;
  readonly at: ZeroAt;
  /** What the value of 0 is made of that it is multiplied with. */
  readonly behind: readonly Learner[];
  /** Whether it is all that the loss reaches, or a matrix: a shift that a normalisation takes away again does no harm. */
  readonly isHarmful: boolean;
}

/** Why the gradients of those of `parameters` that `given` reaches are zero, if they still are. */
async function explain(
  given: Node,
  parameters: ReadonlySet<Learner>,
  renew: Renewal,
  compute: Compute,
): Promise<Explained[]> {
  const { loss, owners } = renewed(given, renew);
  const suspects = [...owners].flatMap(([leaf, owner]) => parameters.has(owner) ? [leaf] : []);
  // A step inside of a scan was made of values that only the loop has.
  const isLost = topological([loss]).some((x) => x.op === "input" && x.value === null);
  if (suspects.length === 0 || isLost) return [];
  const keep = (x: Node): boolean => owners.has(x) || isLearner(x.owner);
  const ownerOf = (x: Node): Learner[] => owners.has(x) ? [owners.get(x)!] : isLearner(x.owner) ? [x.owner] : [];
  const found: Explained[] = [];
  for (const { leaf, size } of await almostZero(loss, suspects, compute)) {
    const at = await (size === 0 ? whyZero : whyNearZero)(loss, leaf, keep, compute);
    if (!at) continue;
    const behind = at.factor ? topological([at.factor], keep).flatMap(ownerOf) : [];
    const isHarmful = leaf.shape.length > 1 || owners.size === 1;
    found.push({ parameter: owners.get(leaf)!, at, behind, isHarmful });
  }
  return found;
}

/** Of explained zeros those that last, whatever the data are. */
function lasting(explained: readonly Explained[]): Explained[] {
  const waiting = new Set(explained.flatMap((x) => x.at.isPassing ? [x.parameter] : []));
  const isDeadlock = ({ behind }: Explained): boolean => behind.length > 0 && behind.every((x) => waiting.has(x));
  const found = explained.flatMap((x): Explained[] => {
    if (!x.at.isPassing) return [x];
    return isDeadlock(x)
      ? [{
        ...x,
        at: {
          ...x.at,
          why: "a product with 0, and what is 0 there cannot learn either: both started at 0",
          help: "let one of them begin away from 0: layers do, unless weightInit says otherwise.",
        },
      }]
      : [];
  });
  const harmful = new Set(found.filter((x) => x.isHarmful).map((x) => x.at.node.site.key));
  return found.filter(({ at }) => !at.isCancelled || harmful.has(at.node.site.key));
}

/** Warns of the parameters whose gradient was zero in the first step, and is still zero after it. */
export async function warnOfZeros(step: FirstStep, renew: Renewal, compute: Compute): Promise<void> {
  const explained: Explained[] = [];
  const left = new Set(await unmoved(step, compute));
  for (const loss of left.size > 0 ? step.losses : []) {
    explained.push(...await explain(loss, left, renew, compute));
    for (const node of liveNodes([loss])) if (isLearner(node.owner)) left.delete(node.owner);
  }
  for (const some of Map.groupBy(lasting(explained), ({ at }) => at.node.site.key).values()) {
    const [{ at: { node, why, help }, behind }] = some as [Explained];
    const labels = some.map((x) => x.parameter.label);
    warn({
      code: "G110",
      message: `zero gradient: ${
        listed(some.map((x) => x.parameter))
      } cannot learn from the loss, its slope is 0 everywhere`,
      sites: [
        { site: node.site, note: why },
        ...behind.slice(0, 1).map((x) => ({ site: x.madeAt, note: `\`${x.label}\` is made here` })),
        { site: step.losses[0]!.site, note: "the loss" },
      ],
      params: labels,
      path: `loss <- .. <- ${labelOf(node)} <- .. <- ${labels[0]}`,
      help: [
        help,
        "look at the numbers that come in here: await audit(() => lossOf(..), optimizer) shows norms and shares of zeros.",
        "if it is meant for a while, nothing is to be done: this is said once, and stops nothing.",
      ],
    });
  }
}

const waiting = new Set<FirstStep>();

/** Has `step`, whose values are not computed yet, looked at when they are, unless it is taken back. */
export function lookLater(step: FirstStep): void {
  waiting.add(step);
  pending.onUndo(() => waiting.delete(step));
}

/** The parameters as they are now in the place of those that `loss` was made of. */
function currentLeaves(loss: Node): Map<Node, Node> {
  const leaves = [...liveNodes([loss])];
  return new Map(leaves.flatMap((x) => isLearner(x.owner) && x.owner.node !== x ? [[x, x.owner.node] as const] : []));
}

/** Whether there are steps to be looked at when their values are known. */
export function hasFirstSteps(): boolean {
  return waiting.size > 0;
}

/** Looks at the steps whose values are known now. */
export async function lookAtFirstSteps(compute: Compute): Promise<void> {
  for (const step of waiting) {
    if (step.groups.some(({ vector }) => vector.node.value === null)) continue;
    waiting.delete(step);
    await warnOfZeros(step, currentLeaves, compute);
  }
}
