/**
 * Where values leave the graph by being read, and where they come in again. A read of something that learns is remembered
 * with its line; what is later made of the same array, of parts of it or of the same numbers is recognised when an error asks.
 * Memory is bounded: the last reads are kept, without their tensors.
 */

import { canLearn, hasLearner, type Node, topological } from "../../graph/node.ts";
import { callerSite, currentSite, type Site, withSite } from "../../graph/site.ts";
import { describe, sizeOf, type TypedArray } from "../../graph/types.ts";
import { isLearner, type Learner, learnersAmong, passes } from "../flow/edges.ts";
import { isPartOfLoss, lastLesson, stepCount } from "../steps/losses.ts";
import { warnOfHoard } from "./stale.ts";
import { isDeclared, labelOf } from "../flow/label.ts";
import { type Stop, trail } from "../flow/trail.ts";

/** A value that left the graph. */
export interface Drop {
  /** How: `item()`, `data()`, `compiled`, `boundary`, `world`. */
  readonly kind: string;
  /** The user's line. */
  readonly site: Site;
  /** What was read, as {@linkcode whatOf} tells it: `float32 []`, after the name of `named` if that is there. */
  what: string;
  /** The node that was read; `null` if there is not one, or the read is too long ago. */
  named: Stop | null;
  /** The number, if it was one. */
  readonly value: number | null;
  /** What the value depended on, without the declared stops; the nearest one first. */
  readonly learners: readonly WeakRef<Learner>[];
  /** The way from the value to the nearest one; `null` if that is far, or the read too long ago. */
  way: readonly Stop[] | null;
  /** The number of steps before it. */
  readonly after: number;
  /** The last node that was made before it, at least. */
  readonly node: number;
  /** How many numbers were read. */
  readonly size: number;
  /** Whether it was a parameter itself that was read. */
  readonly isOwn: boolean;
  /** Whether a gradient would flow to it: none flows to a sample, nor to an index, so that a read of these loses nothing. */
  readonly carries: boolean;
  /** What was read, while somebody else has it. */
  readonly source: WeakRef<Node> | null;
  /** Whether a step learns from what was read, so that the read was to look at it: `await loss.item()`. */
  isLog: boolean;
  /**
   * A boundary's rule; `stop` also of what was stopped with a reason before. `world`: as `forbid`, but what it gives may weigh
   * and feed what learns on another way.
   */
  readonly rule?: "stop" | "forbid" | "world";
  /** The argument of a compiled function that it became, and where it was passed. */
  readonly argument?: { readonly name: string; readonly site: Site };
}

/** Whether a loss must not hope for gradients through it. */
export function forbids({ rule }: Drop): boolean {
  return rule === "forbid" || rule === "world";
}

/** A stream of random numbers of the host. */
export interface Restorable {
  /** Everything that is needed to go on from here. */
  state(): number[];
  /** Goes on from there. */
  restore(state: readonly number[]): void;
}

/** Takes part in reads and stops while a loss is run again: it may put old values in the place of new ones. */
export interface Watcher {
  /** Something that learns was read. */
  read(drop: Drop, data: TypedArray): TypedArray;
  /** A tensor was detached. */
  stop(node: Node): Node;
  /** A variable is being assigned; `before` was its value. */
  assigned(variable: object, before: Node): void;
  /** Random numbers are about to be drawn. */
  drew(source: Restorable): void;
  /** Whether reads are not to be remembered. */
  readonly quiet: boolean;
}

const kept = 128;
const numbersKept = 8192;
/** Of so many reads are the numbers kept, at least; it is the reads that cost, where each is of one number. */
const readsOfNumbers = 2048;
const numbersOfRead = 512;
/** How many nodes are looked at for the way from what is read to what learns. */
const seenForWay = 1024;

const made = new WeakMap<Node, Drop>();
/** Whether there may be results of compiled functions or boundaries. */
export let areMade = false;
/** The parameters behind what was read: a loop that reads at each step does not go back to its beginning each time. */
const behind = new WeakMap<Node, ReadonlySet<Learner>>();
const buffers = new WeakMap<object, Drop>();
const reads: Drop[] = [];
/** Of what was stopped with a reason before. */
const declaredReads: Drop[] = [];
let numbers = new Map<number, Drop>();
let olderNumbers = new Map<number, Drop>();
let readsInNumbers = 0;
let watcher: Watcher | null = null;

/** Runs `fn` with `w` watching. */
export async function watched<T>(w: Watcher, fn: () => Promise<T>): Promise<T> {
  const outer = watcher;
  watcher = w;
  try {
    return await fn();
  } finally {
    watcher = outer;
  }
}

/** What stands for a tensor that was detached: itself, unless a watcher has another value. */
export function stopped(node: Node): Node {
  return watcher ? watcher.stop(node) : node;
}

/** Called when a variable is assigned. */
export function onAssign(variable: object, before: Node): void {
  watcher?.assigned(variable, before);
}

/** Called before random numbers are drawn on the host. */
export function onDraw(source: Restorable): void {
  watcher?.drew(source);
}

/** The parameters behind `nodes`, on paths without a declared stop; those stops are added to `stops`. */
function parametersBehind(nodes: readonly Node[], stops: Set<Node> = new Set()): Set<Learner> {
  const isEnd = (x: Node): boolean => isLearner(x.owner) || isDeclared(x) || !x.learns || behind.has(x);
  const found = new Set<Learner>();
  for (const node of topological(nodes, isEnd)) {
    if (isDeclared(node)) stops.add(node);
    if (canLearn(node.owner)) found.add(node.owner as Learner);
    if (node.inputs.length > 0) behind.get(node)?.forEach((x) => found.add(x));
    for (const ref of made.get(node)?.learners ?? []) {
      const learner = ref.deref();
      if (learner && made.get(node)?.rule !== "stop") found.add(learner);
    }
  }
  return found;
}

/** What learns behind `nodes`, on paths without a declared stop. */
export function learnersOf(nodes: readonly Node[]): Set<Learner> {
  return new Set([...parametersBehind(nodes)].filter(isLearner));
}

const tells = (x: number): boolean => Number.isFinite(x) && !(Number.isInteger(8 * x) && Math.abs(x) < 1024);

/** Takes from a drop what V8's stacks hold: who keeps numbers and arrays keeps their drops. */
function thin(drop: Drop): void {
  drop.site.settle();
  if (drop.named) drop.what = `${drop.named.op}#${drop.named.id} ${drop.what}`;
  drop.way = drop.named = null;
}

/** Of a drop that outlives what it is about: its lines as texts, which hold nothing. */
export function settleLines({ site, named, way }: Drop): void {
  for (const x of [site, ...named ? [named.site] : [], ...way?.map((stop) => stop.site) ?? []]) x.settle();
}

/** What was read: `mean#17 float32 []`. */
export function whatOf({ what, named }: Drop): string {
  return named ? `${labelOf(named)} ${what}` : what;
}

function remember(drop: Drop, data: TypedArray): void {
  const list = drop.rule === "stop" ? declaredReads : reads;
  list.push(drop);
  if (list.length > kept) thin(list.shift()!);
  buffers.set(data.buffer, drop);
  const stride = Math.max(1, Math.floor(data.length / numbersOfRead));
  const note = (x: number): void => {
    if (tells(x)) numbers.set(x, drop);
  };
  for (let i = 0; i < Math.min(numbersOfRead, data.length); i++) note(data[i]!);
  for (let i = numbersOfRead; i < data.length; i += stride) note(data[i]!);
  if (++readsInNumbers < readsOfNumbers && numbers.size <= numbersKept) return;
  [olderNumbers, numbers, readsInNumbers] = [numbers, new Map(), 0];
}

/** One reference for each learner, however often it is read. */
const references = new WeakMap<Learner, WeakRef<Learner>>();

function referenceTo(learner: Learner): WeakRef<Learner> {
  let reference = references.get(learner);
  if (!reference) references.set(learner, reference = new WeakRef(learner));
  return reference;
}

const stopOf = ({ op, id, site }: Node): Stop => ({ op, id, site });

/** Whether a gradient of `outputs` reaches what learns, or may, as far as is looked. */
function carriesGradient(outputs: readonly Node[]): boolean {
  const live = new Set(outputs);
  for (const node of live) {
    if (isLearner(node.owner) || made.get(node)?.carries || live.size > seenForWay) return true;
    node.inputs.forEach((x, i) => {
      if (hasLearner(x) && passes(node, i)) live.add(x);
    });
  }
  return false;
}

/** `learners` and the way to the nearest one, without the nodes themselves. */
function behindOf(
  outputs: readonly Node[],
  learners: ReadonlySet<Learner>,
): Pick<Drop, "learners" | "way" | "carries"> {
  const isOne = (x: Node): boolean => isLearner(x.owner) && learners.has(x.owner);
  const way = trail(outputs, isOne, hasLearner, seenForWay);
  const nearest = way.at(-1)?.owner as Learner | undefined;
  const ordered = nearest ? [nearest, ...[...learners].filter((x) => x !== nearest)] : [...learners];
  return {
    learners: ordered.map(referenceTo),
    way: nearest ? way.slice(0, -1).map(stopOf) : null,
    carries: carriesGradient(outputs),
  };
}

const unchanged = (data: TypedArray): TypedArray => data;

/** Called when `node` is about to be read; what it gives is called with the numbers, and gives those that the user gets. */
export function reading(node: Node, kind: string): (data: TypedArray) => TypedArray {
  if (!hasLearner(node) || (node.op === "input" && !made.has(node))) return unchanged;
  const stops = new Set<Node>();
  const parameters = parametersBehind([node], stops);
  behind.set(node, parameters);
  const open = new Set([...parameters].filter(isLearner));
  const learners = open.size > 0 ? open : learnersOf([...stops].flatMap((x) => x.inputs));
  if (learners.size === 0) return unchanged;
  if (open.size > 0) warnOfHoard(node);
  const site = callerSite();
  const known = behindOf([node], learners);
  const facts = stopOf(node);
  return (data) => {
    const drop: Drop = {
      kind,
      site,
      what: describe(node),
      named: facts,
      value: sizeOf(node.shape) === 1 ? data[0]! : null,
      after: stepCount(),
      node: facts.id,
      size: data.length,
      isOwn: isLearner(node.owner),
      source: new WeakRef(node),
      isLog: isPartOfLoss(node) || (made.get(node)?.isLog ?? false),
      ...known,
      ...(open.size > 0 ? {} : { rule: "stop" as const }),
    };
    const given = watcher && open.size > 0 ? watcher.read(drop, data) : data;
    if (!watcher?.quiet) remember(drop, given);
    return given;
  };
}

/** Notes that `node` was made of something that left the graph. */
export function madeFrom(node: Node, drop: Drop): void {
  made.set(node, drop);
  areMade = true;
  node.learns = true;
}

/** Runs `fn` while `made` tells where nodes come from. */
export function madeFromWhile<T>(from: ReadonlyMap<Node, Drop>, fn: () => T): T {
  for (const [node, drop] of from) madeFrom(node, drop);
  try {
    return fn();
  } finally {
    for (const node of from.keys()) made.delete(node);
  }
}

/** What `outputs` lose where they become data: `null` if nothing that learns is behind them. */
export function dropAt(kind: string, what: string, outputs: readonly Node[], rule?: Drop["rule"]): Drop | null {
  const learners = learnersOf(outputs);
  return learners.size === 0 ? null : { ...dropOver(kind, what, outputs, learners), ...(rule ? { rule } : {}) };
}

function dropOver(kind: string, what: string, outputs: readonly Node[], learners: ReadonlySet<Learner>): Drop {
  return {
    kind,
    site: currentSite(dropOver, "drop"),
    what,
    named: null,
    value: null,
    after: stepCount(),
    node: Math.max(...outputs.map((x) => x.id)),
    size: outputs.reduce((n, x) => n + sizeOf(x.shape), 0),
    isOwn: false,
    source: null,
    isLog: false,
    ...behindOf(outputs, learners),
  };
}

/** What learns behind `node`, and the reads behind it; nothing of what is behind nodes for which `stop` is true. */
function sourcesOf(node: Node, stop: (x: Node) => boolean): { learners: Set<Learner>; drops: Drop[] } {
  const order = topological([node], (x) => canLearn(x.owner) || stop(x));
  const drops = order.flatMap((x) => x.inputs.length === 0 ? dropOf(x) ?? [] : []);
  return { learners: new Set(learnersAmong(order)), drops };
}

/** What `node` loses where it becomes an argument of a compiled function; `null` if nothing that learns is behind it. */
export function carriedBy(node: Node): Drop | null {
  const open = sourcesOf(node, isDeclared);
  const isOpen = open.learners.size > 0 || open.drops.some((x) => x.rule !== "stop");
  const { learners, drops } = isOpen ? open : sourcesOf(node, () => false);
  const all = [...learners, ...drops.flatMap(learnersAt)];
  if (all.length === 0) return null;
  const drop = learners.size > 0
    ? withSite(node.site, () => dropOver("argument", `${labelOf(node)} ${describe(node)}`, [node], learners))
    : drops[0]!;
  return {
    ...drop,
    learners: [...new Set(all)].map(referenceTo),
    ...(isOpen ? {} : { rule: "stop" as const }),
  };
}

/** A tensor is made of a copy of an array: if that was read, so was the copy. */
export function noteCopy(from: TypedArray, to: TypedArray): void {
  const drop = buffers.get(from.buffer);
  if (drop) buffers.set(to.buffer, drop);
}

/** The line of which most numbers were read: a batch of what was read row by row holds numbers of many reads. */
function byContent(data: TypedArray): Drop | null {
  const found = new Map<string, { drop: Drop; count: number }>();
  let telling = 0;
  const stride = Math.max(1, Math.floor(data.length / 64));
  for (let i = 0; i < data.length; i += stride) {
    const x = data[i]!;
    if (!tells(x)) continue;
    telling++;
    const drop = numbers.get(x) ?? olderNumbers.get(x);
    if (drop) found.set(drop.site.key, { drop, count: (found.get(drop.site.key)?.count ?? 0) + 1 });
  }
  const [best] = [...found.values()].sort((a, b) => b.count - a.count);
  return best && (data.length === 1 || best.count >= Math.max(2, telling / 8)) ? best.drop : null;
}

/** What a result of a compiled function or of a boundary was made from. */
export function boundaryOf(node: Node): Drop | null {
  return made.get(node) ?? null;
}

/** What a constant was dropped from, if it holds numbers that were read. */
export function dropOf(node: Node): Drop | null {
  const known = made.get(node);
  if (known) return known;
  if (node.op === "full") {
    return tells(node.attrs.value) ? numbers.get(node.attrs.value) ?? olderNumbers.get(node.attrs.value) ?? null : null;
  }
  if (node.op !== "input" || node.attrs.placeholder || isLearner(node.owner)) return null;
  const host = node.value?.hostIfAny ?? null;
  return host && (buffers.get(host.buffer) ?? byContent(host));
}

/** Who learns of what a drop depended on, as far as it is still there. */
export function learnersAt({ learners }: Drop): Learner[] {
  return learners.flatMap((x) => x.deref() ?? []);
}

/** Whether a drop depended on `learner`. */
export function dependsOn(drop: Drop, learner: Learner): boolean {
  return drop.learners.some((x) => x.deref() === learner);
}

/** A loss is differentiated through `live`: what was read of that was only looked at. */
export function noteLearnedFrom(live: ReadonlySet<Node>): void {
  for (const read of reads) {
    const node = read.isLog ? undefined : read.source?.deref();
    if (node && live.has(node)) read.isLog = true;
  }
}

/** The last reads, newest first. */
export function keptReads(): Drop[] {
  return reads.toReversed();
}

/** The last reads of what `learner` is behind and was stopped with a reason, newest first. */
export function declaredReadsOf(learner: Learner): Drop[] {
  return declaredReads.filter((x) => dependsOn(x, learner) && lastLesson(learner) < x.after).reverse();
}

/** Whether a gradient of `learner` may have been lost at `read`: no step has learned from it, nor has `learner` learned since. */
export function isSuspect(read: Drop, learner: Learner): boolean {
  return !read.isLog && read.rule !== "stop" && dependsOn(read, learner) && lastLesson(learner) < read.after;
}

/** The reads since the last step from which no step has learned, newest first. */
export function recentReads(): Drop[] {
  return keptReads().filter((x) => x.after === stepCount() && !x.isLog);
}
