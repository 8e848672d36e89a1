/** Why a loss does not reach a parameter: the first place, seen from the loss, where its value is no longer in the graph. */

import type { Place } from "../../graph/error.ts";
import type { Node } from "../../graph/node.ts";
import { describe, sizeOf } from "../../graph/types.ts";
import { dependsOn, type Drop, dropOf, keptReads, whatOf } from "../reads/drops.ts";
import { allNodes, isLearner, type Learner, liveNodes, passes } from "./edges.ts";
import { helpFor } from "./help.ts";
import { howCut, isDeclared, labelOf } from "./label.ts";
import { pathText, type Stop, trail } from "./trail.ts";

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
}

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
function influencedBy(learner: Learner, order: readonly Node[], declared: boolean): Set<Node> {
  const found = new Set<Node>();
  for (const node of order) {
    if (node.owner === learner) found.add(node);
    else if (!declared && isDeclared(node)) continue;
    else if (node.inputs.some((x) => found.has(x))) found.add(node);
    else if (node.inputs.length === 0) {
      const drop = dropOf(node);
      if (drop && dependsOn(drop, learner)) found.add(node);
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

/** The operation inside of a loop that cuts its input; the loop, if none can be told. */
function insideLoop(loop: Node, input: Node): Node {
  if (loop.op !== "scan") return loop;
  const { body } = loop.attrs;
  const start = body.inputs[loop.inputs.findIndex((x, i) => x === input && !passes(loop, i))];
  const influenced = new Set<Node>(start ? [start] : []);
  for (const node of allNodes(body.outputs)) if (node.inputs.some((x) => influenced.has(x))) influenced.add(node);
  const live = liveNodes(body.outputs);
  const end = cutEdges(live).find((edge) => edge.input && isEnd(edge, live, influenced));
  return end ? insideLoop(origin(end, influenced).node, end.input!) : loop;
}

/** What happened at the line of a drop. */
export function describeDrop(drop: Drop): string {
  const { kind, value, rule } = drop;
  const what = whatOf(drop);
  if (kind === "boundary") {
    return rule === "forbid" ? `${what} forbids that gradients pass here` : `at ${what} values leave the graph`;
  }
  if (kind === "compiled") return `${what} is data outside of it: a compiled function keeps its graph`;
  const into = value === null ? "numbers" : `the number ${numberText(value)}`;
  return `${kind} turned ${what} into ${into}`;
}

const numberText = (x: number): string => String(Number(x.toPrecision(4)));

/** The way behind a drop, to `learner`. */
export function wayOf({ kind, value, way, learners }: Drop, learner: Learner): (Stop | string)[] {
  const isWhole = way !== null && learners[0]?.deref() === learner;
  return [...(value === null ? [] : [numberText(value)]), kind, ...(way ?? []), ...(isWhole ? [] : [".."])];
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

/** The cut of what was read at `drop` and came in again, times `factor`, at the constant `node`, the end of the way `live`. */
function droppedAt(node: Node, live: readonly Node[], drop: Drop, learner: Learner, factor: number): Cut {
  const isElsewhere = node.site.key !== drop.site.key;
  const scaled = factor === 1 ? "" : `${factor} x `;
  const [number, ...way] = wayOf(drop, learner);
  const note = `enters here as a constant${scaled && `, ${scaled}${number}`}`;
  return {
    how: drop.kind,
    places: [{ site: drop.site, note: describeDrop(drop) }, ...(isElsewhere ? [{ site: node.site, note }] : [])],
    path: pathText(
      [...live.slice(0, -1), ...(live.length > 1 ? [] : [node]), `${scaled}${number}`, ...way],
      learner.label,
    ),
    help: helpFor(drop.kind, drop.site, isElsewhere ? node.site : null),
    forbidden: drop.rule === "forbid",
  };
}

/** The cut where numbers that were read at `drop` come in again, if `loss` holds such a constant. */
export function reentered(drop: Drop, loss: Node, learner: Learner): Cut | null {
  for (const node of liveNodes([loss])) {
    if (node.inputs.length > 0 || dropOf(node)?.site.key !== drop.site.key) continue;
    return droppedAt(node, trail([loss], (x) => x === node), drop, learner, 1);
  }
  return null;
}

function cutOf(edge: Edge, losses: readonly Node[], learner: Learner, influenced: Set<Node>): Cut {
  const { node, input, drop } = origin(edge, influenced);
  const isLive = trail(losses, (x) => x === node);
  if (drop) return droppedAt(node, isLive, drop, learner, 1);
  const behind = trail([input!], (x) => x.owner === learner || x.inputs.length === 0, (x) => influenced.has(x));
  const last = behind.at(-1)!;
  const cutting = insideLoop(node, input!);
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
    ],
    path: pathText([...isLive, ...behind.slice(0, -1)], learner.label),
    help: helpFor(how, cutting.site),
    forbidden: false,
  };
}

/** Whether a constant looks as if a person had written it. */
const isPlain = (x: number): boolean => Number(x.toPrecision(4)) === x;

/** Whether `x` is a plain multiple of `y`, one of two digits: by which factor. */
function plainFactor(x: number, y: number): number | null {
  const factor = Number((x / y).toPrecision(2));
  return !isPlain(Math.fround(x)) && Number.isFinite(factor) && Math.fround(factor * y) === x ? factor : null;
}

/** The number that a constant holds, if it is one. */
function numberOf(node: Node): number | null {
  if (node.op === "full") return node.attrs.value;
  const host = node.op === "input" && !node.attrs.placeholder && !isLearner(node.owner) ? node.value?.hostIfAny : null;
  return host?.length === 1 ? host[0]! : null;
}

/** A constant that is a plain multiple of a number that was read: `0.1 * penalty`. */
function scaledRead(live: ReadonlySet<Node>, losses: readonly Node[], learner: Learner): Cut | null {
  const reads = keptReads().filter((x) => x.value !== null && dependsOn(x, learner) && x.rule !== "stop" && !x.isOwn);
  if (reads.length === 0) return null;
  for (const node of live) {
    const number = numberOf(node);
    if (number === null) continue;
    for (const drop of reads) {
      const factor = plainFactor(number, drop.value!);
      if (factor !== null) return droppedAt(node, trail(losses, (x) => x === node), drop, learner, factor);
    }
  }
  return null;
}

/**
 * The lines at which `learner` was read before a constant of the loss was made, the likeliest first: one with as many numbers as
 * that constant, the last. A parameter that is read itself is saved, or shown; a number of its own is used.
 */
function suspects(learner: Learner, order: readonly Node[]): Drop[] {
  const isUse = (x: Drop): boolean => dependsOn(x, learner) && x.rule !== "stop" && (!x.isOwn || x.kind === "item()");
  const given = order.filter((x) => x.inputs.length === 0 && !isLearner(x.owner));
  const isIn = (read: Drop, like: (x: Node) => boolean): boolean => given.some((x) => x.id > read.node && like(x));
  const reads = keptReads().filter((x) => isUse(x) && isIn(x, () => true));
  const isTelling = (x: Node): boolean => x.op !== "full" || !isPlain(x.attrs.value);
  const fits = (read: Drop): boolean => isIn(read, (x) => sizeOf(x.shape) === read.size && isTelling(x));
  const lines = new Map(reads.toReversed().map((x) => [x.site.key, x]));
  return [...lines.values()].toSorted((a, b) => Number(fits(b)) - Number(fits(a)) || b.node - a.node);
}

function suspicion(learner: Learner, order: readonly Node[]): Cut | null {
  const [drop, ...others] = suspects(learner, order);
  if (!drop) return null;
  const help = [...helpFor(drop.kind, drop.site), "where the number goes:  await audit(() => loss)"];
  return {
    how: drop.kind,
    places: [
      { site: drop.site, note: `${describeDrop(drop)}, and nothing else of it is in the loss` },
      ...others.slice(0, 2).map((x) => ({ site: x.site, note: `or here: ${describeDrop(x)}` })),
    ],
    path: pathText(["arithmetic outside of the graph", ...wayOf(drop, learner)], learner.label),
    help,
    forbidden: drop.rule === "forbid",
  };
}

/** What becomes of each of `learners` in `losses`. */
export function judge(losses: readonly Node[], learners: readonly Learner[]): Map<Learner, Verdict> {
  const live = liveNodes(losses);
  const reached = new Set([...live].map((x) => x.owner));
  const edges = cutEdges(live);
  // Where a boundary forbids gradients, another way around it makes nothing good.
  const forbidding = edges.filter(({ drop }) => drop?.rule === "forbid");
  const missing = learners.filter((x) => !reached.has(x) || forbidding.some(({ drop }) => dependsOn(drop!, x)));
  const verdicts = new Map<Learner, Verdict>(learners.map((x) => [x, { status: "reached" }]));
  if (missing.length === 0) return verdicts;
  const order = allNodes(losses);
  for (const learner of missing) {
    const find = (declared: boolean): Cut | null => {
      const influenced = influencedBy(learner, order, declared);
      const hit = (reached.has(learner) ? forbidding : edges).find((edge) => {
        const { node, drop } = edge;
        if (drop) return dependsOn(drop, learner) && (declared || drop.rule !== "stop");
        return (declared || !isDeclared(node)) && isEnd(edge, live, influenced);
      });
      return hit ? cutOf(hit, losses, learner, influenced) : null;
    };
    const cut = find(false) ?? scaledRead(live, losses, learner);
    const declared = cut ? null : find(true);
    const suspected = cut || declared ? null : suspicion(learner, order);
    if (cut) verdicts.set(learner, { status: "cut", cut });
    else if (declared) verdicts.set(learner, { status: "declared", cut: declared });
    else verdicts.set(learner, suspected ? { status: "suspected", cut: suspected } : { status: "unused" });
  }
  return verdicts;
}
