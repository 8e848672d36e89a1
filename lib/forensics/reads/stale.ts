/** Graphs that are older than their parameters, and tensors that were kept across steps. */

import { type ErrorParts, type Place, PlumblineError } from "../../graph/error.ts";
import { type Node, topological } from "../../graph/node.ts";
import { describe, sizeOf } from "../../graph/types.ts";
import { warn } from "../../graph/warning.ts";
import { isLearner, type Learner, liveNodes, passes } from "../flow/edges.ts";
import { labelOf, listed } from "../flow/label.ts";

const isStale = (leaf: Node): boolean => (leaf.owner as Learner).node !== leaf;

/** The nodes of `order` that depend on one of `leaves` through a gradient. */
function dependents(order: readonly Node[], leaves: readonly Node[]): Set<Node> {
  const found = new Set(leaves);
  for (const node of order) {
    if (!isLearner(node.owner) && node.inputs.some((x, i) => found.has(x) && passes(node, i))) found.add(node);
  }
  return found;
}

function changedAt(owner: Learner): Place {
  return { site: owner.root.node.site, note: `\`${owner.label}\` was changed here` };
}

/**
 * @throws PlumblineError G201 if `loss` was computed before a change of its parameters, G204 if something that it uses was.
 */
export function refuseStale(loss: Node, live: ReadonlySet<Node>, leaves: readonly Node[]): void {
  const stale = leaves.filter(isStale);
  const [first] = stale;
  if (!first) return;
  const owner = first.owner as Learner;
  const owners = [...new Set(stale.map((x) => x.owner as Learner))];
  const labels = owners.map((x) => x.label);
  const changed = owner.root.node.id;
  const old = dependents(topological([loss], (x) => isLearner(x.owner)), stale);
  const isKept = (x: Node): boolean => x.id < changed && live.has(x) && old.has(x) && !isLearner(x.owner);
  const join = [...live].find((x) => x.id > changed && x.inputs.some(isKept));
  if (!join) {
    throw new PlumblineError({
      code: "G201",
      message: `stale graph: ${listed(owners)} changed after this loss was computed, ` +
        "so its gradient would belong to old values",
      sites: [{ site: loss.site, note: "the loss, or what it is made of, was computed before" }, changedAt(owner)],
      params: labels,
      help: [
        "call backward() before step(), and compute the loss again after each step().",
        "a buffer of computed tensors is stale too: store the inputs, and run the network afresh.",
      ],
    });
  }
  throw new PlumblineError({
    code: "G204",
    params: labels,
    ...(owner.root.node.traced ? keptOutside : keptAcross)(join.inputs.find(isKept)!, join, owner),
  });
}

/** What is said of `kept`, which was computed before a step and is used after it, at `join`. */
function keptAcross(kept: Node, join: Node, owner: Learner): Omit<ErrorParts, "code"> {
  const isSum = kept.op === "add" && sizeOf(kept.shape) === 1;
  return {
    message: `stale tensor: ${labelOf(kept)} ${describe(kept)} was computed before \`${owner.label}\` changed, ` +
      "and is used again after it",
    sites: [
      { site: kept.site, note: "made here, before the change" },
      { site: join.site, note: "used here, after it" },
      changedAt(owner),
    ],
    help: [
      isSum
        ? 'a sum for the log:  total.add(loss.detach("metric")), and backward() of the loss of this step'
        : `what is the same for all steps:  compute it in each of them, after the change${written(kept)}`,
      'a state that is carried on:  stopGradient(state, "truncated backpropagation")',
      "a buffer:  store the inputs, and run the network afresh.",
    ],
  };
}

/** The same of what was computed outside of a traced function: inside, parameters are those of each call. */
function keptOutside(kept: Node, join: Node, owner: Learner): Omit<ErrorParts, "code"> {
  return {
    message: `stale tensor: ${labelOf(kept)} ${describe(kept)} was computed outside of the traced function, ` +
      `with \`${owner.label}\` as it was then, and is used inside of it`,
    sites: [{ site: kept.site, note: "made here, outside" }, { site: join.site, note: "used here, inside" }],
    help: [
      `compute it inside of the function${written(kept)}`,
      'if it is data:  stopGradient(t, "why") is passed as an argument.',
    ],
  };
}

/** How a tensor is computed, as it stands in its line: `:  encoder.forward(x)`. */
function written({ site: { receiver, call } }: Node): string {
  return receiver && call ? `, ${receiver}.${call}` : ".";
}

/** The values of parameters behind what was read: who reads at each step is not led through all steps. `null`: that was warned of. */
const leavesBehind = new WeakMap<Node, ReadonlySet<Node> | null>();

/** How many values of one parameter, all but the last changed since, `node` depends on; and whose. `null` also if that was told. */
function versionsIn(node: Node): { count: number; owner: Learner } | null {
  const leaves = new Set<Node>();
  for (const x of liveNodes([node], (x) => leavesBehind.has(x))) {
    const known = isLearner(x.owner) ? [x] : leavesBehind.get(x);
    if (known === null) {
      leavesBehind.set(node, null);
      return null;
    }
    for (const leaf of known ?? []) leaves.add(leaf);
  }
  leavesBehind.set(node, leaves);
  const versions = Map.groupBy([...leaves].filter(isStale), (x) => x.owner as Learner);
  const [most] = [...versions].sort((a, b) => b[1].length - a[1].length);
  return most && most[1].length > 1 ? { owner: most[0], count: most[1].length } : null;
}

/** Where several values of `owner` first meet behind `node`. */
function meeting(node: Node, owner: Learner): Node {
  const from = new Map<Node, Node>();
  for (const x of topological([node], (x) => isLearner(x.owner))) {
    if (x.owner === owner && isStale(x)) from.set(x, x);
    for (const [i, input] of isLearner(x.owner) ? [] : x.inputs.entries()) {
      const leaf = passes(x, i) ? from.get(input) : undefined;
      if (leaf && (from.get(x) ?? leaf) !== leaf) return x;
      if (leaf) from.set(x, leaf);
    }
  }
  return node;
}

/** Warns if `node`, which is being read, holds the graphs of several steps: a metric that is summed with its graph. */
export function warnOfHoard(node: Node): void {
  const held = versionsIn(node);
  if (!held) return;
  leavesBehind.set(node, null);
  warn({
    code: "G205",
    message: `${labelOf(node)} ${
      describe(node)
    } holds the graphs of ${held.count} steps or more: memory grows each step`,
    sites: [{ site: meeting(node, held.owner).site, note: "summed here with its graph" }],
    params: [held.owner.label],
    help: ['sum what is detached:  total.add(loss.detach("metric"))', "or numbers:  total += await loss.item()"],
  });
}
