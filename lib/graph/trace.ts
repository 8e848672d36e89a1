/** What is watched while a function is traced. */

import { isAskedFor, noteCondition } from "./conditions.ts";
import { type Place, PlumblineError } from "./error.ts";
import { type Node, topological } from "./node.ts";
import { describe } from "./types.ts";

interface HasNode {
  readonly node: Node;
}

interface Trace {
  /** Which one it is, in the order of their beginnings. */
  readonly id: number;
  /** Whether what the host computes in it is the same in each run of what is traced. */
  readonly freezes: boolean;
  readonly conditions: HasNode[];
  /** What must not be done in it, and was. */
  error: Error | null;
}

const traces: Trace[] = [];
let nextTrace = 0;
/** What the scans whose steps are being built carry. */
const scans: ReadonlySet<object>[] = [];

/** Whether a variable may be assigned: outside of scans, and in the step of a scan that carries it. */
export function mayAssign(variable: object): boolean {
  return scans.length === 0 || scans.at(-1)!.has(variable);
}

/** Runs `fn` as the step of a scan that carries `variables`. */
export function insideScan<T>(variables: readonly object[], fn: () => T): T {
  scans.push(new Set(variables));
  try {
    return fn();
  } finally {
    scans.pop();
  }
}

interface Assignable extends HasNode {
  replace(node: Node): Node;
}

interface Learning {
  grad: object | null;
}

/** What a function that is traced for its results alone has changed, with what was there before. */
interface Changes {
  readonly values: Map<Assignable, Node>;
  readonly gradients: Map<Learning, object | null>;
}

const changes: Changes[] = [];

/** A variable is being assigned, and has the value `before` still. */
export function noteAssignment(variable: Assignable, before: Node): void {
  const values = changes.at(-1)?.values;
  if (values && !values.has(variable)) values.set(variable, before);
}

/** A parameter is being given a gradient, and has the one before still. */
export function noteGradient(parameter: Learning): void {
  const gradients = changes.at(-1)?.gradients;
  if (gradients && !gradients.has(parameter)) gradients.set(parameter, parameter.grad);
}

/** Runs `fn`, then `look` at the variables that it assigned. Gives them their values back, and parameters their gradients. */
export function restoring<T>(fn: () => T, look: (assigned: Iterable<object>) => void = () => {}): T {
  const { values, gradients }: Changes = { values: new Map(), gradients: new Map() };
  changes.push({ values, gradients });
  try {
    const result = fn();
    look(values.keys());
    return result;
  } finally {
    changes.pop();
    for (const [variable, before] of values) variable.replace(before);
    for (const [parameter, before] of gradients) parameter.grad = before;
  }
}

/** Whether a function is being traced. */
export function isTracing(): boolean {
  return traces.length > 0;
}

/** The traces that have begun so far, for {@linkcode isFrozenSince}. */
export function traceMark(): number {
  return nextTrace;
}

/** Whether a trace is running that began after `mark`, and in which numbers of the host are frozen. */
export function isFrozenSince(mark: number): boolean {
  return traces.some(({ id, freezes }) => freezes && id >= mark);
}

/** Has the trace throw `error` when its function returns: thrown in a promise that nobody awaits it would be lost. Gives it. */
export function endTrace(error: Error): Error {
  const trace = traces.at(-1);
  if (trace) trace.error ??= error;
  return error;
}

/** What a traced function gave. Throws G102 if that is a promise: what the function does later, it would do without numbers. */
export function refusePromise<R>(result: R, name: string, places: readonly Place[] = []): R {
  if (!(result instanceof Promise)) return result;
  result.catch(() => {});
  throw new PlumblineError({
    code: "G102",
    message: `${name} is async; a traced function has no numbers to wait for.`,
    sites: places,
    help: "leave out async and await: return the tensors, and read them from what the call gives.",
  });
}

/** The answer to a read of `node`. In a trace it is an error, which the trace throws: it is not one more that nobody handles. */
export function answer<T>(node: Node, promise: Promise<T>): Promise<T> {
  if (node.traced && isTracing()) promise.catch(() => {});
  return promise;
}

/** A boolean tensor was made: `if (tensor)` is always true in JavaScript, so one that nothing uses is suspicious. */
export function onBoolean(tensor: HasNode): void {
  const trace = traces.at(-1);
  if (trace) trace.conditions.push(tensor);
  else if (tensor.node.shape.length === 0) noteCondition(tensor.node, tensor);
}

/** Runs `fn` as a trace; `outputs` names the nodes that it gives. `freezes`: what is traced runs more than once. */
export function traced<T>(fn: () => T, outputs: (result: T) => readonly Node[], freezes = true): T {
  const trace: Trace = { id: nextTrace++, freezes, conditions: [], error: null };
  traces.push(trace);
  try {
    const result = fn();
    if (trace.error) throw trace.error;
    refuseUnusedConditions(trace, outputs(result));
    return result;
  } catch (error) {
    throw trace.error ?? error;
  } finally {
    traces.pop();
  }
}

/**
 * JavaScript lets no object decide what `if (tensor)` does. What can be seen is its trace: a scalar condition that no
 * result uses. Conditions with axes are left alone: they come from library code whose other results were wanted.
 */
function refuseUnusedConditions(trace: Trace, outputs: readonly Node[]): void {
  const made = (x: Node): boolean => x.traced && x.op !== "input" && x.op !== "output";
  const scalars = trace.conditions.filter(({ node }) => made(node) && node.shape.length === 0);
  if (scalars.length === 0) return;
  const used = new Set(topological(outputs));
  const unused = scalars.find((x) => !used.has(x.node) && isAskedFor(x.node.site, x))?.node;
  if (!unused) return;
  throw new PlumblineError({
    code: "G104",
    message: `the condition ${describe(unused)} was made in a traced function but no result uses it.`,
    sites: [unused.site],
    help: "`if (tensor)` is always true: choose by value with where(condition, a, b). If it is left over, remove it.",
  });
}
