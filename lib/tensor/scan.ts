/** Loops and recomputation as operations with a derivative. */

import { signature } from "../graph/arguments.ts";
import { rememberFunction } from "../graph/cell.ts";
import { collectSinks, noteSink, type Sink } from "../forensics/nonfinite/sinks.ts";
import { isCheapAgain, refuseChanging, untilClockMoves } from "../forensics/reads/frozen.ts";
import { collectOpen } from "../forensics/steps/first_step.ts";
import { PlumblineError } from "../graph/error.ts";
import { type Node, nodeCount } from "../graph/node.ts";
import { makeScan, type ScanResult, type StepResult } from "../graph/scan.ts";
import * as kind from "./kinds.ts";
import { concat } from "./functions.ts";
import { State } from "./state.ts";
import { Tensor } from "./tensor.ts";
import { apart, callerSite, withinCall } from "../graph/site.ts";
import { pending } from "../graph/pending.ts";
import { insideScan, isTracing, restoring, traced } from "../graph/trace.ts";
import { leaves, leavesLike, mapTree, rebuildTree, type Tree, zipTrees } from "./tree.ts";
import type { Stateful, Variable } from "./variable.ts";

/** Settings of {@linkcode scan}. */
export interface ScanOptions {
  /** The number of steps, where there are no xs to tell it. */
  length?: number;
  /** From the last entry of xs to the first; ys keep the order of xs. */
  reverse?: boolean;
  /** Variables, modules, optimisers that a step changes: each step finds what the one before left. */
  state?: Stateful | readonly Stateful[];
  /**
   * Memory for time (Chen et al. 2016): the derivative keeps what is carried into every segment of so many steps, and computes what is
   * carried inside of one again when its turn comes. With about the root of all steps it needs least: memory grows as that root.
   * Unless told otherwise what is carried into every step is kept.
   */
  segment?: number;
}

/** What a step gave, which must be two things. */
function carryAndY<C, Y>(result: readonly [C, Y]): readonly [C, Y] {
  if (Array.isArray(result) && result.length === 2) return result;
  throw new PlumblineError({
    code: "G310",
    message: `a step of scan() gives [carry, y], not ${kind.told(result)}.`,
    help: kind.isStrayPromise(result)
      ? "leave out async and await: numbers are read from what scan() gives."
      : "return [carry, y]; where a step has nothing to give at each step, [carry, []].",
  });
}

/** The steps that `xs` or the options tell. */
function lengthOf(sequences: readonly Tensor[], options: ScanOptions): number {
  const length = options.length ?? sequences[0]?.shape[0];
  if (length !== undefined && sequences.every((x) => x.shape[0] === length)) return length;
  const found = sequences.map((x) => x.shape[0] ?? "no axis").join(", ");
  throw new PlumblineError({
    code: "G304",
    message: `scan() needs xs of one length along their leading axis; it found ${found || "no xs and no length"}.`,
  });
}

/** Lines whose scans were traced again. */
const compared = new Set<string>();
const mostCompared = 256;

/** At the first scan of a line: throws if its step is another when it is traced again, and so would differ from step to step. */
function compareOnce({ carries, ys }: ScanResult, again: () => ScanResult): void {
  const site = callerSite();
  if (compared.has(site.key)) return;
  compared.add(site.key);
  if (compared.size > mostCompared) compared.delete(compared.values().next().value!);
  untilClockMoves();
  const { result } = apart(() => collectOpen(again));
  const place = { site, note: "the scan" };
  refuseChanging([...carries, ...ys], [...result.carries, ...result.ys], { name: "the step of a scan", place });
}

/** A scan of scans: what is carried inside of a segment is not kept. What is left over of the steps comes last. */
function inSegments<C extends Tree, X extends Tree, Y extends Tree>(
  step: (carry: C, x: X) => readonly [C, Y],
  init: C,
  xs: X,
  { segment, ...options }: ScanOptions & { readonly segment: number; readonly length: number },
): [C, Y] {
  const { length, reverse = false } = options;
  const [left, count] = [length % segment, Math.floor(length / segment)];
  const main = mapTree(xs, (x) => {
    const some = x.slice(0, reverse ? left : 0, reverse ? length : length - left);
    return some.reshape(count, segment, ...x.shape.slice(1)).named(null, ...x.axes);
  });
  const [middle, parts] = scan(
    (carry: C, xs: X) => scan(step, carry, xs, { ...options, length: segment }),
    init,
    main,
    { ...options, length: count },
  );
  const ys = mapTree(parts, (y) => y.flatten(0, 1).named(...y.axes.slice(1)));
  if (left === 0) return [middle, ys];
  const rest = mapTree(xs, (x) => x.slice(0, reverse ? 0 : length - left, reverse ? left : length));
  const [last, more] = scan(step, middle, rest, { ...options, length: left });
  return [last, zipTrees(ys, more, (a, b) => concat(reverse ? [b, a] : [a, b], 0))];
}

const nodesOf = (tree: Tree): Node[] => leaves(tree).map((x) => x.node);
const tensorsOf = (nodes: readonly Node[]): Iterator<Tensor> => nodes.map((node) => new Tensor(node)).values();

const takesScan = signature("scan()", {
  step: kind.callable,
  init: kind.tree,
  xs: kind.tree,
  options: kind.options<ScanOptions>({
    length: kind.count(0),
    reverse: kind.boolean,
    state: kind.state,
    segment: kind.count(1),
  }),
});

/**
 * Runs `step` along the leading axis of `xs`, with carried state: `[carry, y] = step(carry, x)`. One operation with a
 * derivative (JAX's `lax.scan`): the step is traced once, and differentiating it recomputes each step from its carry.
 *
 * What a step assigns is named as `state`. So a step may be a training step: an epoch of them is one program, and nothing
 * returns to JavaScript in between.
 *
 * A number in the step that changes from one scan to the next makes it another program: give it as a tensor.
 *
 * @returns the final carry, and the ys stacked along a new leading axis.
 * @throws PlumblineError G304 if lengths differ, or a step changes the keys, shape or dtype of what is carried; G105 if a step
 * assigns what is not named as state.
 *
 * @example
 * ```ts
 * import { scan, tensor, zeros } from "@plumbline/plumbline";
 *
 * const [total, running] = scan((sum, x) => [sum.add(x), sum.add(x)], zeros([]), tensor([1, 2, 3]));
 * console.log(await total.item(), await running.toList()); // 6 [1, 3, 6]
 * ```
 */
export function scan<C extends Tree, X extends Tree, Y extends Tree>(
  step: (carry: C, x: X) => readonly [C, Y],
  init: C,
  xs: X,
  options: ScanOptions = {},
): [C, Y] {
  takesScan(arguments);
  const sequences = leaves(xs);
  const length = lengthOf(sequences, options);
  const { segment } = options;
  if (segment !== undefined && segment < length) {
    // What is left over of the steps is a scan of its own: both stand or fall together.
    return pending.whole(() => inSegments(step, init, xs, { ...options, segment, length }));
  }
  const known = rememberFunction(step);
  const state = new State(options.state);
  const start = nodesOf(init);
  let ys: Y | undefined;
  let sinks: readonly Sink[] = [];
  let changed: readonly Variable[] = [];
  const once = (carries: readonly Node[], slices: readonly Node[]): StepResult => {
    const own = carries.slice(start.length);
    return state.during(own, () =>
      restoring(() => {
        // A trace of its own: a condition of the step is used by the step's results, not by those outside.
        const { result: [carry, y], sinks: noted } = collectSinks(() =>
          traced(
            () => known(rebuildTree(init, tensorsOf(carries)), rebuildTree(xs, tensorsOf(slices))),
            (result) => {
              const [carry, y] = carryAndY(result);
              return [...nodesOf(carry), ...nodesOf(y), ...state.nodes()];
            },
            length > 1,
          )
        );
        ys = y;
        sinks = noted;
        changed = state.roots.filter((x, i) => x.node !== own[i]);
        return {
          carries: [...leavesLike(init, carry).map((x) => x.node), ...state.nodes()],
          ys: [...nodesOf(y), ...noted.map((x) => x.node)],
        };
      }));
  };
  const spec = {
    init: [...start, ...state.nodes()],
    xs: sequences.map((x) => x.node),
    length,
    reverse: options.reverse ?? false,
    step: once,
  };
  const loop = (): ScanResult => withinCall(callerSite(), true, () => insideScan(state.roots, () => makeScan(spec)));
  const before = nodeCount();
  const result = loop();
  if (length > 1 && !isTracing() && isCheapAgain(before)) compareOnce(result, loop);
  pending.whole(() => {
    state.roots.forEach((x, i) => {
      if (changed.includes(x)) x.assign(new Tensor(result.carries[start.length + i]!));
    });
  });
  const results = [...result.carries, ...result.ys.slice(0, result.ys.length - sinks.length)];
  sinks.forEach(({ name }, i) => noteSink(result.ys.at(i - sinks.length)!, name, results));
  return [rebuildTree(init, tensorsOf(result.carries)), rebuildTree(ys!, tensorsOf(result.ys))];
}

const takesCheckpoint = signature("checkpoint()", { fn: kind.callable });

/**
 * `fn`, whose inner values are not kept for the derivative but computed again (Chen et al. 2016): memory for time. What `fn`
 * uses from outside is differentiated too.
 */
export function checkpoint<A extends readonly Tensor[], R extends Tree>(fn: (...args: A) => R): (...args: A) => R {
  takesCheckpoint(arguments);
  const known = rememberFunction(fn);
  return (...args) => {
    const [, results] = scan(() => [[], known(...args)], [], [], { length: 1 });
    return rebuildTree(results, leaves(results).map((x) => x.squeeze(0)).values());
  };
}
