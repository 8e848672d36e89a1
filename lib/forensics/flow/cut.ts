/** Why a loss does not reach a parameter: the first place, seen from the loss, where its value is no longer in the graph. */

import type { Place } from "../../graph/error.ts";
import type { Node } from "../../graph/node.ts";
import { describe } from "../../graph/types.ts";
import { dependsOn, type Drop, dropOf, forbids } from "../reads/drops.ts";
import { type Cut, describeDrop, droppedAt } from "./dropped.ts";
import { allNodes, isLearner, type Learner, liveNodes, passes } from "./edges.ts";
import { helpFor } from "./help.ts";
import { howCut, isDeclared, labelOf } from "./label.ts";
import { restarted } from "./restarted.ts";
import { declaredRead, scaledRead, suspicion } from "./suspicion.ts";
import { idleConstants, summandsOf } from "./terms.ts";
import { pathText, trail } from "./trail.ts";

/** What becomes of a parameter. `suspected`: it was read, and nothing in the loss tells of it. */
export type Verdict =
  | { readonly status: "reached" | "unused" }
  | { readonly status: "cut" | "suspected" | "declared"; readonly cut: Cut };

/** A cut edge of the graph: at `node`, from its input; or a constant that was made of what was read. */
interface Edge {
  readonly node: Node;
  readonly input: Node | null;
  readonly drop: Drop | null;
}

/** The edges where a gradient of `losses` ends though values go on, nearest to the loss first. */
function cutEdges(live: ReadonlySet<Node>): Edge[] {
  return [...live].flatMap((node): Edge[] => {
    if (isLearner(node.owner)) return [];
    const drop = node.inputs.length === 0 ? dropOf(node) : null;
    if (drop) return [{ node, input: null, drop }];
    return node.inputs.flatMap((input, i) => passes(node, i) ? [] : [{ node, input, drop: null }]);
  });
}

/** The nodes that `learner` influences. Behind declared stops nothing is influenced, unless `declared`. */
export function influencedBy(learner: Learner, order: readonly Node[], declared: boolean): Set<Node> {
  const found = new Set<Node>();
  for (const node of order) {
    if (node.owner === learner) found.add(node);
    else if (!declared && isDeclared(node)) continue;
    else if (node.inputs.some((x) => found.has(x))) found.add(node);
    else if (node.inputs.length === 0) {
      const drop = dropOf(node);
      if (drop && dependsOn(drop, learner) && (declared || drop.rule !== "stop")) found.add(node);
    }
  }
  return found;
}

/** Whether what is influenced acts through a cut edge: not only through values that a gradient reaches anyway, as in `where(x < 0, 0, x)`. */
function isEnd({ input }: Edge, live: ReadonlySet<Node>, influenced: ReadonlySet<Node>): boolean {
  const seen = new Set<Node>(input && influenced.has(input) ? [input] : []);
  for (const node of seen) {
    if (live.has(node)) continue;
    if (isLearner(node.owner) || node.inputs.length === 0) return true;
    for (const x of node.inputs) if (influenced.has(x)) seen.add(x);
  }
  return false;
}

/** The operation that cuts `input` from `node`: inside of a loop, if that is one. Null if it was declared, unless `declared`. */
function cuttingIn(node: Node, input: Node, declared: boolean): Node | null {
  if (node.op !== "scan") return declared || !isDeclared(node) ? node : null;
  const { body } = node.attrs;
  const start = body.inputs[node.inputs.findIndex((x, i) => x === input && !passes(node, i))];
  const influenced = new Set<Node>(start ? [start] : []);
  for (const x of allNodes(body.outputs)) {
    if ((declared || !isDeclared(x)) && x.inputs.some((y) => influenced.has(y))) influenced.add(x);
  }
  const live = liveNodes(body.outputs);
  for (const edge of cutEdges(live)) {
    if (!edge.input || !isEnd(edge, live, influenced)) continue;
    const { node: end, input: behind } = origin(edge, influenced);
    const found = cuttingIn(end, behind!, declared);
    if (found) return found;
  }
  return null;
}

/** Whether `stop` lets a gradient pass by (straight through): `x.add(code.sub(x).detach())`. What it stops is not to learn there. */
function passesBy(stop: Node, live: Iterable<Node>): boolean {
  if (stop.op !== "stopGradient") return false;
  const parts = summandsOf(stop.inputs[0]!);
  return [...live].some(({ op, inputs }) => op === "add" && inputs.includes(stop) && inputs.some((x) => parts.has(x)));
}

/** Whether a gradient ends at an edge without a word of the user that says so. */
function isUndeclared({ node, input }: Edge): boolean {
  if (node.op !== "scan") return !isDeclared(node);
  return cuttingIn(node, input!, false) !== null || cuttingIn(node, input!, true) === null;
}

/** Behind integers and truths: the operation that made them of numbers that have a gradient. */
function origin(edge: Edge, influenced: ReadonlySet<Node>): Edge {
  let { node, input } = edge;
  while (input && input.dtype !== "float32" && input.op !== "scan") {
    const behind: Node | undefined = input.inputs.find((x) => influenced.has(x));
    if (!behind) break;
    [node, input] = [input, behind];
  }
  return { node, input, drop: edge.drop };
}

/** The cut where numbers that were read at `drop` come in again, if `loss` holds such a constant. */
export function reentered(drop: Drop, loss: Node, learner: Learner): Cut | null {
  for (const node of liveNodes([loss])) {
    if (node.inputs.length > 0 || dropOf(node)?.site.key !== drop.site.key) continue;
    return droppedAt(node, trail([loss], (x) => x === node), drop, learner, 1);
  }
  return null;
}

/** The operation behind an edge that cuts it: a loop itself, if none in it can be told. */
const cutterOf = (node: Node, input: Node): Node =>
  cuttingIn(node, input, false) ?? cuttingIn(node, input, true) ?? node;

/** Where else a way is cut: at other lines. */
function placesBeside(cutting: Node, others: readonly Edge[], influenced: ReadonlySet<Node>): Place[] {
  const found = others.flatMap((edge) => {
    const { node, input, drop } = origin(edge, influenced);
    return drop ? [] : [cutterOf(node, input!)];
  });
  const lines = new Map(found.map((x) => [x.site.key, x]));
  lines.delete(cutting.site.key);
  return [...lines.values()].slice(0, 2).map((x) => ({ site: x.site, note: `${howCut(x)} cuts another way` }));
}

/** The cut at `edge`; `others` are those of other ways. */
function cutOf(
  [edge, ...others]: readonly [Edge, ...Edge[]],
  losses: readonly Node[],
  learner: Learner,
  influenced: Set<Node>,
): Cut {
  const { node, input, drop } = origin(edge, influenced);
  const isLive = trail(losses, (x) => x === node);
  if (drop) return droppedAt(node, isLive, drop, learner, 1);
  const behind = trail([input!], (x) => x.owner === learner || x.inputs.length === 0, (x) => influenced.has(x));
  const last = behind.at(-1)!;
  const cutting = cutterOf(node, input!);
  const how = howCut(cutting);
  const read = last.owner === learner ? null : dropOf(last);
  return {
    how,
    places: [
      {
        site: cutting.site,
        note: `${how} passes no gradient to ${labelOf(input!)} ${describe(input!)}${
          cutting === node ? "" : ", in a loop"
        }`,
      },
      ...(read ? [{ site: read.site, note: describeDrop(read) }] : []),
      ...placesBeside(cutting, others, influenced),
    ],
    path: pathText([...isLive, ...behind.slice(0, -1)], learner.label),
    help: helpFor({
      how,
      left: cutting.site,
      isChoice: cutting.op === "argmax",
      isPassedBy: passesBy(cutting, liveNodes(losses)),
    }),
    forbidden: false,
  };
}

/** Without what comes from worlds and weighs or feeds what learns. */
function withoutWeights(edges: readonly Edge[], losses: readonly Node[]): readonly Edge[] {
  if (!edges.some(({ drop }) => drop?.rule === "world")) return edges;
  const idle = idleConstants(losses);
  return edges.filter(({ node, drop }) => drop?.rule !== "world" || idle.has(node));
}

/** What becomes of each of `learners` in `losses`. */
export function judge(losses: readonly Node[], learners: readonly Learner[]): Map<Learner, Verdict> {
  const live = liveNodes(losses);
  const reached = new Set([...live].map((x) => x.owner));
  const edges = withoutWeights(cutEdges(live), losses);
  // Where a boundary forbids gradients, another way around it makes nothing good.
  const forbidding = edges.filter(({ drop }) => drop && forbids(drop));
  const missing = learners.filter((x) => !reached.has(x) || forbidding.some(({ drop }) => dependsOn(drop!, x)));
  const verdicts = new Map<Learner, Verdict>(learners.map((x) => [x, { status: "reached" }]));
  if (missing.length === 0) return verdicts;
  const order = allNodes(losses);
  for (const learner of missing) {
    const find = (declared: boolean): Cut | null => {
      const influenced = influencedBy(learner, order, declared);
      const ends = (reached.has(learner) ? forbidding : edges).filter((edge) => {
        const { drop } = edge;
        if (drop) return dependsOn(drop, learner) && (declared || drop.rule !== "stop");
        return (declared || isUndeclared(edge)) && isEnd(edge, live, influenced);
      });
      const [hit, ...others] = ends.length > 1
        ? [...ends].sort((a, b) => Number(passesBy(a.node, live)) - Number(passesBy(b.node, live)))
        : ends;
      return hit ? cutOf([hit, ...others], losses, learner, influenced) : null;
    };
    const cut = find(false) ?? scaledRead(live, losses, learner) ?? restarted(live, losses, learner, learners);
    const declared = cut ? null : find(true) ?? declaredRead(learner, order);
    const suspected = cut || declared ? null : suspicion(learner, order);
    if (cut) verdicts.set(learner, { status: "cut", cut });
    else if (declared) verdicts.set(learner, { status: "declared", cut: declared });
    else verdicts.set(learner, suspected ? { status: "suspected", cut: suspected } : { status: "unused" });
  }
  return verdicts;
}
