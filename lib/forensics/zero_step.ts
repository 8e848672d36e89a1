/**
 * Gradients that are zero from the first step on. After that step a parameter that it left as it was is looked at again, with
 * the parameters as they are then: one that only started at zero (behind a last layer of zeros) has a gradient now, one behind a
 * saturated clamp has none, and its line is told in a warning. It is no error: data may bring it to life.
 */

import { vjpNodes } from "../grad/vjp.ts";
import { type Node, substitute, topological } from "../graph/node.ts";
import { fullLike } from "../graph/ops.ts";
import { sizeOf, type TypedArray } from "../graph/types.ts";
import { warn } from "../graph/warning.ts";
import { isLearner, type Learner, liveNodes } from "./edges.ts";
import { labelOf, listed } from "./label.ts";
import { type Compute, whyZero, type ZeroAt } from "./zero.ts";

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

/** The parameters that the step has left as they were. */
async function unmoved({ groups }: FirstStep, compute: Compute): Promise<Learner[]> {
  const found: Learner[] = [];
  for (const { parameters, learning, vector, moments: [moment], before } of groups) {
    const after = await numbers((moment ?? vector).node, compute);
    const old = moment ? null : "op" in before ? await numbers(before, compute) : before;
    let start = 0;
    for (const parameter of parameters) {
      const end = start + sizeOf(parameter.node.shape);
      let same = learning.has(parameter);
      for (let i = start; same && i < end; i++) same = after[i] === (old ? old[i] : 0);
      if (same) found.push(parameter);
      start = end;
    }
  }
  return found;
}

/** The loss that reaches `parameter`, and the leaf that stands for it there. */
function lossOf(losses: readonly Node[], parameter: Learner): { loss: Node; leaf: Node } | null {
  for (const loss of losses) {
    const leaf = [...liveNodes([loss])].find((x) => x.owner === parameter);
    if (leaf) return { loss, leaf };
  }
  return null;
}

async function explain(
  losses: readonly Node[],
  parameter: Learner,
  renew: Renewal,
  compute: Compute,
): Promise<ZeroAt | null> {
  const found = lossOf(losses, parameter);
  if (!found) return null;
  const [loss, leaf] = substitute([found.loss, found.leaf], renew(found.loss)) as [Node, Node];
  // A step inside of a scan was made of values that only the loop has.
  if (topological([loss]).some((x) => x.op === "input" && x.value === null)) return null;
  const [gradient] = vjpNodes([loss], [fullLike(loss, 1)], [leaf]);
  if (gradient && (await numbers(gradient, compute)).some((x) => x !== 0)) return null;
  return await whyZero(loss, leaf, compute);
}

/** Warns of the parameters whose gradient was zero in the first step, and is still zero after it. */
export async function warnOfZeros(step: FirstStep, renew: Renewal, compute: Compute): Promise<void> {
  const byLine = new Map<string, { at: ZeroAt; labels: string[] }>();
  for (const parameter of await unmoved(step, compute)) {
    const at = await explain(step.losses, parameter, renew, compute);
    if (!at || at.isPassing) continue;
    const group = byLine.get(at.node.site.key) ?? { at, labels: [] };
    group.labels.push(parameter.label);
    byLine.set(at.node.site.key, group);
  }
  for (const { at: { node, why }, labels } of byLine.values()) {
    warn({
      code: "G110",
      message: `zero gradient: ${listed(labels)} cannot learn from the loss, its slope is 0 everywhere`,
      sites: [{ site: node.site, note: why }, { site: step.losses[0]!.site, note: "the loss" }],
      params: labels,
      path: `loss <- .. <- ${labelOf(node)} <- .. <- ${labels[0]}`,
      help: [
        "look at the numbers that come in here: await audit(loss, optimizer) shows norms and shares of zeros.",
        "if it is meant for a while, nothing is to be done: this is said once, and stops nothing.",
      ],
    });
  }
}

const waiting = new Set<FirstStep>();

/** Has `step`, whose values are not computed yet, looked at when they are. */
export function lookLater(step: FirstStep): void {
  waiting.add(step);
}

/** The parameters as they are now in the place of those that `loss` was made of. */
function currentLeaves(loss: Node): Map<Node, Node> {
  const leaves = [...liveNodes([loss])];
  return new Map(leaves.flatMap((x) => isLearner(x.owner) && x.owner.node !== x ? [[x, x.owner.node] as const] : []));
}

/** Looks at the steps whose values are known now. */
export async function lookAtFirstSteps(compute: Compute): Promise<void> {
  for (const step of waiting) {
    if (step.groups.some(({ vector }) => vector.node.value === null)) continue;
    waiting.delete(step);
    await warnOfZeros(step, currentLeaves, compute);
  }
}
