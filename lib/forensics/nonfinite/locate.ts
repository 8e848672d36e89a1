/**
 * From a bad sink to the operation that made the first bad number. The graph is run again with every value measured; from
 * the sink the way back follows bad values as long as an input is bad.
 */

import type { Engine } from "../../engine/engine.ts";
import { PlumblineError } from "../../graph/error.ts";
import { extremesOf, type IndexUse, outsideParts } from "../../graph/indices.ts";
import { type Node, topological } from "../../graph/node.ts";
import { simplify } from "../../graph/simplify.ts";
import type { Site } from "../../graph/site.ts";
import type { Storage } from "../../graph/storage.ts";
import type { DType, Shape, TypedArray } from "../../graph/types.ts";
import { measure, Place } from "./probe.ts";
import { type Statistics, statisticsOf } from "./statistics.ts";

/** A value of the operation that is blamed. */
export interface LocatedValue {
  /** The operation that made it, or the name of an input. */
  readonly name: string;
  /** The dtype of the elements. */
  readonly dtype: DType;
  /** The sizes of its axes. */
  readonly shape: Shape;
  /** Where it was made. */
  readonly site: Site;
  /** What its numbers were. */
  readonly statistics: Statistics;
}

/** The first bad operation. */
export interface NonFiniteOrigin {
  /** The primitive: `log`, `div`; `input` where the number came from outside. */
  readonly op: string;
  /** `backward` for the derivative of an operation of that line. */
  readonly direction: "forward" | "backward" | "input";
  /** The operation whose derivative it is, if it is one. */
  readonly derivativeOf: string | null;
  /** The name of the input, if it is one: an argument or a variable. */
  readonly input: string | null;
  /** The user's line. */
  readonly site: Site;
  /** The steps of the loops around it, outermost first. */
  readonly steps: readonly number[];
  /** Its result. */
  readonly output: LocatedValue;
  /** What it was made from, in the order of its operands. */
  readonly inputs: readonly LocatedValue[];
  /** Where an infinity that it made became NaN, if that is elsewhere. */
  readonly becameNaN: { readonly op: string; readonly site: Site; readonly derivativeOf: string | null } | null;
  /** A `where` (or clamp, relu, extremum) that hides the value in the forward pass, but not in the backward pass. */
  readonly hiddenBy: { readonly op: string; readonly site: Site } | null;
}

/** A graph with the numbers of its leaves. */
export interface Replay {
  readonly engine: Engine;
  readonly inputs: readonly Node[];
  readonly values: readonly Storage[];
  /** What an input is called. */
  readonly nameOf: (input: Node) => string;
}

async function compute({ engine, inputs, values }: Replay, outputs: readonly Node[]): Promise<TypedArray[]> {
  const program = await engine.compile({ inputs, outputs: simplify(outputs), donated: new Map(), brief: true });
  try {
    const results = await program.run(values);
    return await Promise.all(results.map((x) => x.read()));
  } finally {
    program.dispose();
  }
}

/** The error of indices of which one lies outside. */
export async function indexError(replay: Replay, use: IndexUse): Promise<PlumblineError> {
  const [extremes] = await compute(replay, [extremesOf(use)]);
  const outside = extremes!.find((x) => x >= use.size || x < -use.size);
  return new PlumblineError(outsideParts(use.node, outside ?? null, use.size));
}

const isNaNAt = (x: Place, measured: TypedArray): boolean => Number.isNaN(x.read(measured));
const isInfiniteAt = (x: Place, measured: TypedArray): boolean => Math.abs(x.read(measured)) === Infinity;

/** The end of a trail, and the value of an operation that was made of it. */
interface Trail {
  readonly place: Place;
  readonly user: Place | null;
  /** Where the backward pass took a bad value from the forward pass. */
  readonly crossing: Place | null;
}

/** Follows values for which `bad` holds back to the first; of several the one that was made first. */
function follow(from: Trail, measured: TypedArray, bad: typeof isNaNAt): Trail {
  let trail = from;
  for (;;) {
    const { place, user } = trail;
    const [next] = place.sources(measured).filter((x) => bad(x, measured)).sort((a, b) => a.node.id - b.node.id);
    if (!next) return trail;
    const isCrossing = place.node.site.derivativeOf !== null && next.node.site.derivativeOf === null;
    trail = {
      place: next,
      user: isOperation(place) ? place : user,
      crossing: isCrossing ? place : trail.crossing,
    };
  }
}

/** Loops and their inputs and outputs only hand values on. */
function isOperation({ node }: Place): boolean {
  return node.op !== "input" && node.op !== "full" && node.op !== "output";
}

/** The next choice among values that the gradient `from` came through: a derivative that is 0 on the side not taken. */
function choiceAbove(from: Place): Place | null {
  const seen = new Set<Node>();
  const queue = [from];
  for (const place of queue) {
    const { node } = place;
    if (seen.has(node) || node.site.derivativeOf === null) continue;
    seen.add(node);
    if (node.op === "where") return place;
    queue.push(...node.inputs.map((x) => place.beside(x)));
  }
  return null;
}

/** Whether a gradient of 0 met a bad number at `made`: `hidden` there is 0 where the result is NaN. */
async function findTrap(replay: Replay, made: Place): Promise<Place | null> {
  if (made.node.site.derivativeOf === null) return null;
  const sources = made.node.inputs.map((x) => made.beside(x));
  const candidates = sources.filter((x) => x.node.dtype === "float32" && choiceAbove(x));
  if (candidates.length === 0) return null;
  const [result, ...given] = await compute(replay, [made, ...candidates].map((x) => x.lifted()));
  const at = result!.findIndex((x) => x !== x);
  const zero = given.findIndex((x) => x.length === result!.length && x[at] === 0);
  return zero < 0 ? null : choiceAbove(candidates[zero]!);
}

function nameOf({ nameOf }: Replay, node: Node, isGiven: boolean): string {
  if (node.op === "input" || node.owner) return nameOf(node);
  return isGiven && node.site.derivativeOf !== null ? "the gradient" : node.op;
}

async function describe(replay: Replay, blamed: Place): Promise<Pick<NonFiniteOrigin, "output" | "inputs">> {
  const places = [blamed, ...blamed.node.inputs.map((x) => blamed.beside(x))].filter((x) => x.node.op !== "scan");
  const numbers = await compute(replay, places.map((x) => x.lifted()));
  const [output, ...inputs] = places.map(({ node }, i): LocatedValue => ({
    name: nameOf(replay, node, i > 0),
    dtype: node.dtype,
    shape: node.shape,
    site: node.site,
    statistics: statisticsOf(numbers[i]!),
  }));
  return { output: output!, inputs };
}

interface Blamed extends Trail {
  /** What made NaN of it, if that is another operation. */
  readonly becameNaN: Place | null;
  readonly trap: Place | null;
}

async function blame(replay: Replay, sink: Place, measured: TypedArray): Promise<Blamed> {
  const made = follow({ place: sink, user: null, crossing: null }, measured, isNaNAt);
  const isNaN = isNaNAt(made.place, measured);
  const trap = isNaN ? await findTrap(replay, made.crossing ?? made.place) : null;
  const overflow = follow(made, measured, isInfiniteAt);
  if (trap || overflow.place === made.place) return { ...made, becameNaN: null, trap };
  if (isOperation(overflow.place)) return { ...overflow, becameNaN: isNaN ? made.place : null, trap };
  // An infinity that was written or passed in is meant: what makes NaN of it is to blame.
  if (isNaN) return { ...made, becameNaN: null, trap };
  return overflow.place.node.op === "input" || !overflow.user
    ? { ...overflow, becameNaN: null, trap }
    : { place: overflow.user, user: null, crossing: null, becameNaN: null, trap };
}

/** The first bad operation behind `sinks`, nodes of the graph; null if the replay makes no bad number. */
export async function locate(given: Replay, sinks: readonly Node[]): Promise<NonFiniteOrigin | null> {
  // The program that failed may have been simplified: leaves that it did not need have their own values.
  const others = topological(sinks).filter((x) => x.op === "input" && x.value !== null && !given.inputs.includes(x));
  const inputs = [...given.inputs, ...others];
  const replay = { ...given, inputs, values: [...given.values, ...others.map((x) => x.value!)] };
  const { vector, level } = measure(sinks);
  if (!vector) return null;
  const [measured] = await compute(replay, [vector]);
  const bad = sinks.map((x) => new Place(x, level, 0, null)).filter((x) => !Number.isFinite(x.read(measured!)));
  const found: Blamed[] = [];
  for (const x of bad) found.push(await blame(replay, x, measured!));
  const age = (x: Place | null): number => x?.node.id ?? Infinity;
  const [first] = found.sort((a, b) => age(a.place) - age(b.place) || age(a.becameNaN) - age(b.becameNaN));
  if (!first) return null;
  const { place: { node, steps }, user, becameNaN, trap } = first;
  const isInput = node.op === "input";
  return {
    op: node.op,
    direction: isInput ? "input" : node.site.derivativeOf === null ? "forward" : "backward",
    derivativeOf: node.site.derivativeOf,
    input: isInput ? replay.nameOf(node) : null,
    site: isInput && user ? user.node.site : node.site,
    steps,
    ...await describe(replay, first.place),
    becameNaN: becameNaN &&
      { op: becameNaN.node.op, site: becameNaN.node.site, derivativeOf: becameNaN.node.site.derivativeOf },
    hiddenBy: trap && { op: trap.node.site.derivativeOf!, site: trap.node.site },
  };
}
