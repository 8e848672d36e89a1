/**
 * Assignments whose values are not computed yet, step by step. They are computed with the next evaluation, or when there are
 * many; what cannot be computed, or goes bad, is taken back: its variables hold what they held before.
 */

import { PlumblineError } from "./error.ts";
import { forget, type Node, topological } from "./node.ts";
import { isTracing } from "./trace.ts";

/** A variable that may be assigned. */
export interface Assigned {
  readonly node: Node;
  replace(node: Node): Node;
  /** Forgets what was made of a value that it no longer holds. */
  release(node: Node): void;
}

/** An assignment. */
export interface Assignment {
  readonly variable: Assigned;
  /** What it was assigned. */
  readonly node: Node;
  /** What it held before. */
  before: Node;
  /** Makes the assignment once more: of known numbers, loaded weights for one, which a step that is taken back must not take along. */
  readonly again: (() => void) | null;
}

interface Entry extends Assignment {
  readonly order: number;
}

/** Assignments in a row. */
export interface Step {
  /** Those that have not been taken back, in order. */
  readonly assignments: readonly Assignment[];
  /** Whether an optimiser or a loop made them: then none of them stands without the others. */
  readonly isWhole: boolean;
  /** What it learned from, which must not go bad either. */
  readonly losses: readonly Node[];
}

interface OpenStep extends Step {
  assignments: Entry[];
  isWhole: boolean;
  losses: readonly Node[];
  /** What else is to be taken back with it. */
  undo: readonly (() => void)[];
}

/** Nodes from the first assignment on, after which all is computed without being asked for. */
const mostNodes = 2048;

const steps = new Set<OpenStep>();
/** Those that {@linkcode pending.onFull} has not been told of. */
let fresh: OpenStep[] = [];
let open: OpenStep | null = null;
/** What an optimiser says of the step that it is making. */
let whole: { readonly losses: Node[]; readonly undo: (() => void)[] } | null = null;
let made = 0;
let failure: { readonly error: unknown } | null = null;
let isRepeating = false;
/** What is to be made once more when all is taken back that has to be. */
let repeats: Entry[] = [];
let whenFull: (steps: readonly Step[]) => void = () => {};
let whenTakenBack: (variable: Assigned, node: Node, before: Node) => void = () => {};

/** Keys of random numbers move on several times in a step. */
const isKey = (x: Assignment): boolean => x.node.dtype === "uint32";

function openStep(): OpenStep {
  if (open) return open;
  open = { assignments: [], isWhole: false, losses: [], undo: [] };
  steps.add(open);
  fresh.push(open);
  return open;
}

/** The first node of what `losses` compute from variables: from there on they are on their way. */
function beginningOf(losses: readonly Node[]): number {
  const onWay = new Set<Node>();
  const isHeld = (x: Node): boolean => x.owner !== null;
  for (const node of topological(losses, (x) => x.value !== null || isHeld(x))) {
    const isOn = node.inputs.some((x) => onWay.has(x) || (isHeld(x) && x.dtype === "float32"));
    if (isOn && !isHeld(node)) onWay.add(node);
  }
  let first = Infinity;
  for (const { id } of onWay) first = Math.min(first, id);
  return first;
}

/** Puts into the open step, a whole one, what its losses have assigned before it, and the keys that were drawn beside that. */
function takeAlong(losses: readonly Node[]): void {
  const whole = open;
  const before = fresh.slice(fresh.findLastIndex((x) => x !== whole && x.isWhole) + 1)
    .filter((x) => x !== whole && steps.has(x));
  if (!whole || losses.length === 0 || before.length === 0) return;
  const first = beginningOf(losses);
  const isAlong = (x: Entry): boolean => x.node.id > first || (isKey(x) && first < Infinity);
  const along = before.flatMap((x) => x.assignments.filter(isAlong));
  whole.assignments = [...along, ...whole.assignments];
  for (const step of before) {
    step.assignments = step.assignments.filter((x) => !isAlong(x));
    if (step.assignments.length === 0) steps.delete(step);
  }
}

function checkFull(last: Node): void {
  const [first] = steps;
  if (!first || last.id - first.assignments[0]!.node.id <= mostNodes) return;
  const complete = fresh.filter((x) => x !== open && steps.has(x));
  fresh = open ? [open] : [];
  whenFull(complete);
}

/** The steps, after which another begins. */
function end(): OpenStep[] {
  open = null;
  return [...steps];
}

/** Takes back what was assigned, the last first. What was assigned over it stays; {@linkcode repeat} makes known numbers stay, too. */
function takeBack(undone: readonly Assignment[]): void {
  const others = [...steps].flatMap((x) => x.assignments);
  for (const assignment of undone.toReversed()) {
    const { variable, node, before } = assignment;
    if (variable.node === node) variable.replace(before);
    whenTakenBack(variable, node, before);
    for (const x of others) if (x.before === node) x.before = before;
    if (assignment.again) repeats.push(assignment as Entry);
  }
}

/** Assigns once more what must stay of what was taken back, in the order in which it was assigned. */
function repeat(): void {
  const all = repeats.sort((a, b) => a.order - b.order);
  repeats = [];
  isRepeating = true;
  try {
    for (const { again } of all) again!();
  } finally {
    isRepeating = false;
  }
}

/** The assignments that are not computed yet. */
export const pending = {
  /** Whether there are none. */
  get isEmpty(): boolean {
    return steps.size === 0;
  },

  /** Whether there are none, and no error that nobody was told of. */
  get isQuiet(): boolean {
    return steps.size === 0 && failure === null;
  },

  /** Whether an assignment is made once more that the program made before: see {@linkcode Assignment.again}. */
  get isRepeating(): boolean {
    return isRepeating;
  },

  /** Whether one of the steps is so. */
  some(test: (step: Step) => boolean): boolean {
    for (const step of steps) if (test(step)) return true;
    return false;
  },

  /** The steps so far, oldest first: the last may not be complete. */
  soFar(): readonly Step[] {
    return [...steps];
  },

  /** The steps, oldest first. What is assigned from now on belongs to another. */
  steps(): readonly Step[] {
    fresh = [];
    return end();
  },

  /** Remembers an assignment, unless its value is known. A variable that is assigned again begins another step. */
  add(assignment: Assignment): void {
    if (assignment.node.value !== null) return;
    const isAgain = !isKey(assignment) && open?.assignments.some((x) => x.variable === assignment.variable);
    if (isAgain && !whole) end();
    openStep().assignments.push({ ...assignment, order: made++ });
    if (!whole) checkFull(assignment.node);
  },

  /**
   * Runs `fn`, the step of an optimiser or a loop: it stands or falls as a whole, with the random keys that were drawn since the step
   * before, and with what its losses have assigned on their way: running statistics. If `fn` throws, nothing of it was assigned.
   */
  whole<T>(fn: () => T): T {
    if (isTracing() || whole) return fn();
    if (!open?.assignments.every(isKey)) end();
    const keys = open?.assignments.length ?? 0;
    const said = whole = { losses: [], undo: [] };
    try {
      const result = fn();
      if (open) Object.assign(open, { isWhole: true, ...said });
      takeAlong(said.losses);
      return result;
    } catch (error) {
      if (open) takeBack(open.assignments.splice(keys));
      repeat();
      if (open && keys === 0) steps.delete(open);
      throw error;
    } finally {
      whole = null;
      const last = open?.assignments.at(-1);
      end();
      if (last) checkFull(last.node);
    }
  },

  /** For the step of an optimiser: `loss` must not go bad. */
  judge(loss: Node): void {
    whole?.losses.push(loss);
  },

  /** For the step of an optimiser: `fn` is called if it is taken back. */
  onUndo(fn: () => void): void {
    whole?.undo.push(fn);
  },

  /** How the values of a step are made is known elsewhere. */
  seal(step: Step): void {
    for (const { variable, node, before } of step.assignments) {
      forget(node);
      if (before.value === null) variable.release(before);
    }
    (step as OpenStep).losses = [];
  },

  /** A step is computed. */
  settle(step: Step): void {
    steps.delete(step as OpenStep);
    pending.seal(step);
  },

  /** Takes assignments of a step back; the others of it stay pending. Those of the nodes `bad` are bad themselves: they are not repeated. */
  undo(step: Step, undone: readonly Assignment[], bad: ReadonlySet<Node> = new Set()): void {
    const { assignments, undo } = step as OpenStep;
    takeBack(undone);
    repeats = repeats.filter((x) => !bad.has(x.node));
    for (const { node } of undone) {
      forget(node);
      node.value = null;
    }
    (step as OpenStep).assignments = assignments.filter((x) => !undone.includes(x));
    if (step.assignments.length === 0) steps.delete(step as OpenStep);
    if (undone.length > 0) undo.forEach((fn) => fn());
  },

  /** When all is taken back that was built on something bad: see {@linkcode Assignment.again}. */
  repeat,

  /** What held `before` when it was assigned would hold `node` by now. */
  follow(before: Node, node: Node): void {
    for (const step of steps) for (const x of step.assignments) if (x.before === before) x.before = node;
  },

  /** For what assigns and puts everything back itself: the place from which {@linkcode pending.rewind} forgets. */
  mark(): number {
    return made;
  },

  /** Forgets the assignments since `mark`. */
  rewind(mark: number): void {
    for (const step of steps) {
      step.assignments = step.assignments.filter((x) => x.order < mark);
      if (step.assignments.length === 0) steps.delete(step);
    }
    if (open && !steps.has(open)) open = null;
  },

  /** Calls `fn` when so much is pending that it should be computed, with the steps that have ended since the last time. */
  onFull(fn: (steps: readonly Step[]) => void): void {
    whenFull = fn;
  },

  /** Calls `fn` when an assignment is taken back: with the variable, the node that it was assigned and the one that it held before. */
  onTakenBack(fn: (variable: Assigned, node: Node, before: Node) => void): void {
    whenTakenBack = fn;
  },

  /** Keeps the error of a computation that nobody has asked for, until somebody can be told. */
  fail(error: unknown): void {
    failure ??= { error };
  },

  /** Throws what {@linkcode pending.fail} keeps. */
  tell(): void {
    const told = failure;
    failure = null;
    if (told) throw told.error;
  },
};

/**
 * Throws G202 for a leaf without numbers, from which `outputs` are computed: the value of a variable that was taken back, or whose
 * memory a compiled step has taken over.
 */
export function refuseGone(leaf: Node, outputs: readonly Node[] = []): void {
  const { value, owner, site } = leaf;
  if (value !== null && !value.isGone) return;
  const name = owner && "name" in owner ? `\`${owner.name}\`` : "a variable";
  const user = topological(outputs).find((x) => x.inputs.includes(leaf));
  throw new PlumblineError({
    code: "G202",
    ...(value === null
      ? {
        message: `a tensor was computed from the value that ${name} would have had after a step that failed.`,
        sites: [site],
        help: "compute it again: the variable holds what it held before that step.",
      }
      : {
        message: `a tensor still refers to the value that ${name} had before a compiled step replaced it.`,
        sites: [...user ? [{ site: user.site, note: "made of it here" }] : [], { site, note: "the value from before" }],
        help: "read the old value before the step (await t.data()), or make the tensor again after it.",
      }),
  });
}
