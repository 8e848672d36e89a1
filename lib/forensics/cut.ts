/** Why a loss does not reach a parameter: the first place, seen from the loss, where its value is no longer in the graph. */

import type { Place } from "../graph/error.ts";
import type { Node } from "../graph/node.ts";
import { describe } from "../graph/types.ts";
import { dependsOn, type Drop, dropOf, recentReads } from "./drops.ts";
import { allNodes, isLearner, type Learner, liveNodes, passes } from "./edges.ts";
import { howCut, isDeclared, labelOf } from "./label.ts";

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

/** Whether `learner` acts through a cut edge: not only through values that a gradient reaches in another way, as in `where(x < 0, 0, x)`. */
function isEnd({ input }: Edge, learner: Learner, live: ReadonlySet<Node>, influenced: ReadonlySet<Node>): boolean {
  const seen = new Set<Node>(input && influenced.has(input) ? [input] : []);
  for (const node of seen) {
    if (live.has(node)) continue;
    if (node.owner === learner || node.inputs.length === 0) return true;
    for (const x of node.inputs) if (influenced.has(x)) seen.add(x);
  }
  return false;
}

/** From `to` back to one of `from`, over nodes of `within`: the nodes between, `from` first. */
function trail(from: readonly Node[], to: (node: Node) => boolean, within: (node: Node) => boolean): Node[] {
  const before = new Map<Node, Node | null>(from.map((x) => [x, null]));
  for (const node of before.keys()) {
    if (to(node)) {
      const path: Node[] = [];
      for (let x: Node | null = node; x; x = before.get(x) ?? null) path.unshift(x);
      return path;
    }
    for (const x of node.inputs) if (!before.has(x) && within(x)) before.set(x, node);
  }
  return [];
}

/** At most eight names, without repeats and without what only moves numbers. */
function pathText(nodes: readonly Node[], end: string): string {
  const quiet = new Set(["reshape", "expand", "permute", "output"]);
  const names = nodes.filter((x) => !quiet.has(x.op)).map(labelOf);
  const places = nodes.filter((x) => !quiet.has(x.op)).map((x) => `${x.site.key} ${x.site.called}`);
  const told = names.filter((_, i) => places[i] !== places[i - 1]);
  const short = told.length > 8 ? [...told.slice(0, 4), "..", ...told.slice(-3)] : told;
  return ["loss", ...short, end].join(" <- ");
}

/** What to do about a cut. */
export function helpFor(how: string): string[] {
  switch (how) {
    case "item()":
    case "data()":
    case "toList()":
      return [
        "keep the tensor: compute with its methods (t.mul(0.1), a.add(t)) instead of reading it.",
        'if intended:     stopGradient(t, "why") before it is read.',
      ];
    case "sample()":
      return ["use rsample(), or put logProb() of the sample into the loss."];
    case "argmax()":
    case "argmin()":
      return ["choose softly (softmax() as weights), or learn through the logProb() of the choice."];
    case "boundary":
      return ["give the boundary a vjp, or write its inside in tensors."];
    case "compiled":
      return ["call backward() inside the compiled function: what it returns is data."];
    case "noGrad()":
      return ["compute it outside of noGrad().", 'if intended:  noGrad(() => .., "why")'];
    case "detach()":
      return ["leave out the detach().", 'if intended:  stopGradient(t, "why")'];
    default:
      return [
        `${how} passes no gradient: use a smooth form, or where() on the values.`,
        'if intended: stopGradient(t, "why")',
      ];
  }
}

/** What happened at the line of a drop. */
export function describeDrop({ kind, what, value, rule }: Drop): string {
  if (kind === "boundary") {
    return `${what()} leaves the graph here${rule === "forbid" ? ", and the boundary forbids gradients" : ""}`;
  }
  if (kind === "compiled") return `${what()} is a result of a compiled function: data without a graph`;
  const into = value === null ? "numbers" : `the number ${Number(value.toPrecision(4))}`;
  return `${kind} turned ${what()} into ${into}`;
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

function cutOf(edge: Edge, losses: readonly Node[], learner: Learner, influenced: Set<Node>): Cut {
  const { node, input, drop } = origin(edge, influenced);
  const isLive = trail(losses, (x) => x === node, () => true);
  if (drop) {
    const entered: Place = { site: node.site, note: "enters here as a constant" };
    return {
      how: drop.kind,
      places: [
        { site: drop.site, note: describeDrop(drop) },
        ...(node.site.key === drop.site.key ? [] : [entered]),
      ],
      path: pathText(isLive, `${learner.label} (${drop.kind})`),
      help: helpFor(drop.kind),
      forbidden: drop.rule === "forbid",
    };
  }
  const behind = trail([input!], (x) => x.owner === learner || x.inputs.length === 0, (x) => influenced.has(x));
  const last = behind.at(-1)!;
  const how = howCut(node);
  const read = last.owner === learner ? null : dropOf(last);
  return {
    how,
    places: [
      { site: node.site, note: `${how} passes no gradient to ${labelOf(input!)} ${describe(input!)}` },
      ...(read ? [{ site: read.site, note: describeDrop(read) }] : []),
    ],
    path: pathText([...isLive, ...behind.slice(0, -1)], learner.label),
    help: helpFor(how),
    forbidden: false,
  };
}

function suspicion(learner: Learner): Cut | null {
  const drop = recentReads().find((x) => dependsOn(x, learner) && x.rule !== "stop" && !x.isOwn);
  if (!drop) return null;
  return {
    how: drop.kind,
    places: [{ site: drop.site, note: `${describeDrop(drop)}, and nothing else of it is in the loss` }],
    path: `loss <- (arithmetic outside of the graph) <- ${learner.label}`,
    help: [...helpFor(drop.kind), "await audit(() => loss) proves where the value goes."],
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
        return (declared || !isDeclared(node)) && isEnd(edge, learner, live, influenced);
      });
      return hit ? cutOf(hit, losses, learner, influenced) : null;
    };
    const cut = find(false);
    const declared = cut ? null : find(true);
    const suspected = cut || declared ? null : suspicion(learner);
    if (cut) verdicts.set(learner, { status: "cut", cut });
    else if (declared) verdicts.set(learner, { status: "declared", cut: declared });
    else verdicts.set(learner, suspected ? { status: "suspected", cut: suspected } : { status: "unused" });
  }
  return verdicts;
}
