/**
 * What a traced function takes from the host and would keep for ever: Math.random(), the clock, a counter, a variable that the
 * loop around it changes. None of these can be seen in one trace; so the function is traced again, and the graphs are compared.
 */

import { type Place, PlumblineError } from "../../graph/error.ts";
import { attributeText, type Node, nodeCount, topological } from "../../graph/node.ts";
import { warn } from "../../graph/warning.ts";
import { shortNumber } from "../flow/label.ts";

/** Two nodes in the same place of two traces that are not the same. */
interface Difference {
  readonly first: Node;
  readonly second: Node;
}

/** Numbers that are compared, at most, of one constant. */
const compared = 2 ** 20;
/** Nodes of a function that is traced again, at most. */
const cheap = 10_000;

/** Whether what was traced since there were `before` nodes is traced again quickly. */
export function isCheapAgain(before: number): boolean {
  return nodeCount() - before <= cheap;
}

/** Looks at the clock so often take many milliseconds. */
const patience = 1_000_000;

/**
 * Waits for the clock's next millisecond, so that a function that is traced again finds another time. A clock that stands still, as
 * tests set it, is not waited for.
 */
export function untilClockMoves(): void {
  const now = Date.now();
  for (let looks = 0; looks < patience && Date.now() === now; looks++);
}

/** Whether two constants hold other numbers; what only a device has is taken to be the same. */
function holdOthers(a: Node, b: Node): boolean {
  if (a.op === "full" && b.op === "full") return !Object.is(a.attrs.value, b.attrs.value);
  const [x, y] = [a.value?.hostIfAny, b.value?.hostIfAny];
  if (!x || !y || a.value === b.value || x === y) return false;
  return x.length !== y.length || x.subarray(0, compared).some((n, i) => !Object.is(n, y[i]));
}

const isConstant = ({ op, attrs }: Node): boolean => op === "full" || (op === "input" && !attrs.placeholder);

/** Attributes that change what is computed: no names, no reasons. */
function meaning({ op, attrs }: Node): string {
  if (op === "scan") return `${attrs.carries} ${attrs.xs} ${attrs.length} ${attrs.reverse}`;
  return op === "input" || op === "full" || op === "stopGradient" ? "" : attributeText(attrs);
}

function isAlike(a: Node, b: Node): boolean {
  return a.op === b.op && a.dtype === b.dtype && String(a.shape) === String(b.shape) &&
    a.inputs.length === b.inputs.length && meaning(a) === meaning(b);
}

/** Where the graphs of two traces part, nearest to their leaves last. */
function differencesOf(first: readonly Node[], second: readonly Node[]): Difference[] {
  const found: Difference[] = [];
  const paired = new Map<Node, Node>();
  const queue = first.map((a, i): [Node, Node | undefined] => [a, second[i]]);
  for (const [a, b] of queue) {
    if (a === b || (b && paired.get(a) === b)) continue;
    if (!b || !isAlike(a, b) || (isConstant(a) && holdOthers(a, b))) {
      if (b) found.push({ first: a, second: b });
      continue;
    }
    paired.set(a, b);
    a.inputs.forEach((x, i) => queue.push([x, b.inputs[i]]));
    if (a.op === "scan" && b.op === "scan") {
      a.attrs.body.inputs.forEach((x, i) => paired.set(x, b.attrs.body.inputs[i]!));
      a.attrs.body.outputs.forEach((x, i) => queue.push([x, b.attrs.body.outputs[i]]));
    }
  }
  return found;
}

/** What is seen of a difference: numbers, if there are few. */
function seen({ first, second }: Difference): string {
  if (!isConstant(first) || !isConstant(second)) return "made here, in one of two traces";
  const of = (x: Node): ArrayLike<number> => x.op === "full" ? [x.attrs.value] : x.value?.hostIfAny ?? [];
  const [a, b] = [of(first), of(second)];
  const at = Array.from(a).findIndex((n, i) => !Object.is(n, b[i]));
  return at < 0 ? "made here" : `${shortNumber(a[at]!)} in one trace, ${shortNumber(b[at]!)} in the next`;
}

/** What was traced twice, for messages. */
export interface TracedTwice {
  /** The function: `update`, `the step of a scan`. */
  readonly name: string;
  /** Where it was handed over. */
  readonly place: Place;
}

/**
 * Throws if two traces made other graphs of the same arguments and state.
 *
 * @throws PlumblineError G203, which names the constant.
 */
export function refuseChanging(first: readonly Node[], second: readonly Node[], { name, place }: TracedTwice): void {
  const found = differencesOf(first, second);
  if (found.length === 0) return;
  const constants = found.filter((x) => isConstant(x.first));
  // What was made first is nearest to where the host had another number.
  const [guilty] = (constants.length > 0 ? constants : found).sort((a, b) => a.first.id - b.first.id);
  const isNumber = constants.length > 0;
  throw new PlumblineError({
    code: "G203",
    message: `${name} ${
      isNumber ? "uses a number" : "takes a way"
    } that the host changes: it is traced once, so what it was then would stay for ever.`,
    sites: [{ site: guilty!.first.site, note: seen(guilty!) }, place],
    help: [
      "a number or batch that changes:  make it an argument, step(x, beta).",
      "a counter:  new Variable(tensor(0)), named as state and assigned inside.",
      "random numbers:  a Generator named as state, or a key as an argument: step(x, random.key()).",
    ],
  });
}

/**
 * Warns if a step draws by a key that is a constant: each call has the same random numbers. What was drawn before there were
 * `before` nodes is data that the trace was given.
 */
export function warnOfFixedKey(outputs: readonly Node[], name: string, before: number): void {
  const order = topological(outputs);
  const constant = new Set<Node>();
  for (const x of order) {
    if (!(x.op === "input" && x.attrs.placeholder) && x.inputs.every((y) => constant.has(y))) constant.add(x);
  }
  const isKey = (x: Node): boolean => x.dtype === "uint32" && constant.has(x) && (x.op === "input" || x.id < before);
  const use = order.find((x) => x.id >= before && x.inputs.some(isKey));
  const key = use?.inputs.find(isKey);
  if (!use || !key) return;
  warn({
    code: "G203",
    message: `${name} draws random numbers by a key that stays the same: each call draws the same numbers.`,
    sites: [{ site: use.site, note: "drawn here" }, { site: key.site, note: "the key" }],
    help: [
      "as state:        compile(fn, { state: [.., generator] }), and generator.next() in the place of the key",
      "as an argument:  step(x, random.key())",
      "if the same numbers are meant, nothing is to be done: this is said once.",
    ],
  });
}
