/**
 * Measures every value of a graph, also of each step of its loops: the largest magnitude tells whether a value holds NaN
 * (NaN), infinity (infinity), or neither. All of it is one vector, so one program and one run tell everything.
 */

import { makeNode, type Node, type NodeOf, topological } from "../../graph/node.ts";
import { magnitude } from "../../graph/composite.ts";
import * as ops from "../../graph/ops.ts";
import { scanOutputs } from "../../graph/primitives.ts";
import { aval, sizeOf, type TypedArray } from "../../graph/types.ts";

/** Where the measurements of a graph, or of the body of a loop, lie in the vector. */
export interface Level {
  /** The place of each measured value. */
  readonly at: ReadonlyMap<Node, number>;
  /** The place of the first step of each loop, one step after the other. */
  readonly loops: ReadonlyMap<Node, { readonly at: number; readonly body: Level }>;
  readonly size: number;
}

type Scan = NodeOf<"scan">;

const asNode = (x: Scan): Node => x as unknown as Node;

/** The same loop with more ys; gives the first of them, stacked. */
function withOutputs(scan: Scan, extra: readonly Node[]): Node[] {
  const { body } = scan.attrs;
  const attrs = { ...scan.attrs, body: { inputs: body.inputs, outputs: [...body.outputs, ...extra] } };
  const wider = makeNode("scan", scan.inputs, attrs);
  const avals = scanOutputs(attrs);
  return extra.map((_, i) => {
    const index = body.outputs.length + i;
    return makeNode("output", [wider], { index, aval: avals[index]! });
  });
}

/** Measures what `outputs` need. The vector is null where there is nothing to measure. */
export function measure(outputs: readonly Node[]): { vector: Node | null; level: Level } {
  const at = new Map<Node, number>();
  const loops = new Map<Node, { at: number; body: Level }>();
  const parts: Node[] = [];
  let size = 0;
  for (const node of topological(outputs)) {
    if (node.op === "scan") {
      const body = measure(node.attrs.body.outputs);
      if (!body.vector || node.attrs.length === 0) continue;
      const [stacked] = withOutputs(node, [body.vector]);
      loops.set(node, { at: size, body: body.level });
      parts.push(ops.reshape(stacked!, [sizeOf(stacked!.shape)]));
    } else if (node.dtype === "float32" && sizeOf(node.shape) > 0) {
      at.set(node, size);
      parts.push(ops.reshape(magnitude(node), [1]));
    } else continue;
    size += parts.at(-1)!.shape[0]!;
  }
  return { vector: parts.length === 0 ? null : ops.concat(parts, 0), level: { at, loops, size } };
}

/** A value at one step of each loop around it. */
export class Place {
  constructor(
    readonly node: Node,
    readonly level: Level,
    /** Where the measurements of this level and step begin. */
    readonly base: number,
    /** The loop around it, and its step: an index of xs. */
    readonly around: { readonly loop: Place; readonly step: number } | null,
  ) {}

  /** The steps of the loops around it, outermost first. */
  get steps(): number[] {
    return this.around ? [...this.around.loop.steps, this.around.step] : [];
  }

  /** Another value beside it. */
  beside(node: Node): Place {
    return new Place(node, this.level, this.base, this.around);
  }

  /** A value in the body of this loop. */
  inside(node: Node, step: number): Place {
    const { at, body } = this.level.loops.get(this.node)!;
    return new Place(node, body, this.base + at + step * body.size, { loop: this, step });
  }

  /** What was measured: NaN, infinity, or a finite number; 0 for what cannot be bad. */
  read(measured: TypedArray): number {
    const at = this.level.at.get(this.node);
    return at === undefined ? 0 : measured[this.base + at]!;
  }

  /** This value of this step, as a node outside of all loops. */
  lifted(): Node {
    if (!this.around) return this.node;
    const { loop, step } = this.around;
    const [stacked] = withOutputs(loop.node as unknown as Scan, [this.node]);
    const { shape, axes, dtype } = this.node;
    const starts = [step, ...shape.map(() => 0)];
    const one = ops.slice(stacked!, starts, [step + 1, ...shape]);
    const node = ops.reshape(one, aval(dtype, shape).shape, axes);
    return loop.beside(node).lifted();
  }

  /** The values that this one is made of. Inside loops they may be those of the step before, or outside. */
  sources(measured: TypedArray): Place[] {
    const { node, around } = this;
    if (node.op === "output") return this.#ofOutput(node, measured);
    if (node.inputs.length > 0 || !around) return node.inputs.map((x) => this.beside(x));
    return this.#ofReceived(measured);
  }

  #ofOutput({ inputs, attrs }: NodeOf<"output">, measured: TypedArray): Place[] {
    const scan = inputs[0] as unknown as Scan;
    const loop = this.beside(asNode(scan));
    const { body, carries, length } = scan.attrs;
    const { index } = attrs;
    if (length === 0) return index < carries ? [this.beside(scan.inputs[index]!)] : [];
    if (!this.level.loops.has(loop.node)) return [];
    const inOrder = stepsOf(scan);
    if (index < carries) return [loop.inside(body.outputs[index]!, inOrder.at(-1)!)];
    const collected = index < body.outputs.length ? body.outputs[index]! : body.inputs[index - body.outputs.length]!;
    const places = inOrder.map((step) => loop.inside(collected, step));
    const first = places.find((x) => Number.isNaN(x.read(measured))) ??
      places.find((x) => !Number.isFinite(x.read(measured)));
    return first ? [first] : [];
  }

  /** An input of a loop's body: carried, a slice of xs, or a constant. */
  #ofReceived(measured: TypedArray): Place[] {
    const { loop, step } = this.around!;
    const scan = loop.node as unknown as Scan;
    const { body, carries } = scan.attrs;
    const index = body.inputs.indexOf(this.node);
    if (index < 0) return [];
    if (index >= carries) return [loop.beside(scan.inputs[index]!)];
    const inOrder = stepsOf(scan);
    const before = inOrder[inOrder.indexOf(step) - 1];
    if (before === undefined) return [loop.beside(scan.inputs[index]!)];
    // A carry may go through many steps unchanged: the first step that received it bad is where to look.
    const kind = this.read(measured);
    const same = (x: Place): boolean => Object.is(x.read(measured), kind);
    const first = inOrder.find((s) => same(loop.inside(this.node, s)))!;
    const previous = inOrder[inOrder.indexOf(first) - 1];
    return previous === undefined ? [loop.beside(scan.inputs[index]!)] : [loop.inside(body.outputs[index]!, previous)];
  }
}

function stepsOf({ attrs }: Scan): number[] {
  const steps = Array.from({ length: attrs.length }, (_, i) => i);
  return attrs.reverse ? steps.reverse() : steps;
}
