/**
 * A graph of one example as a graph of a batch: each operation that depends on an example takes one more axis in front. What does
 * not is computed once, and a product with a matrix that all examples share stays one product.
 */

import { moveAxis } from "./arrange.ts";
import { PlumblineError } from "./error.ts";
import { hasLift, lift } from "./lift.ts";
import { makeNode, type Node, type NodeOf, placeholder, topological } from "./node.ts";
import { expand, matmul, reshape, take, takeAlongAxis } from "./ops.ts";
import { scanOutputs } from "./primitives.ts";
import { withSite } from "./site.ts";
import { aval, type Shape } from "./types.ts";

/** `x`, which is the same for all examples, for each of them. */
function forEach(x: Node, size: number): Node {
  const axes = [null, ...x.axes];
  return expand(reshape(x, [1, ...x.shape], axes), [size, ...x.shape], axes);
}

/** [.., m, k] x [k, n], where the second factor is that of all: the rows of all examples in one product. */
function sharedProduct(node: NodeOf<"matmul">, a: Node, b: Node): Node | null {
  const { transA, transB } = node.attrs;
  if (transA || b.shape.length !== 2) return null;
  const rows = a.shape.slice(0, -1).reduce((n, m) => n * m, 1);
  const product = matmul(reshape(a, [rows, a.shape.at(-1)!]), b, false, transB);
  return reshape(product, [...a.shape.slice(0, -1), product.shape[1]!], [null, ...node.axes]);
}

function takeEach(node: NodeOf<"take">, [x, index]: readonly Node[], isBatched: readonly boolean[]): Node {
  const { axis } = node.attrs;
  if (!isBatched[1]) return take(x!, index!, axis + 1);
  const [size, count] = index!.shape as [number, number];
  if (!isBatched[0]) {
    const found = take(x!, reshape(index!, [size * count]), axis);
    const shape: Shape = [...found.shape.slice(0, axis), size, count, ...found.shape.slice(axis + 1)];
    return moveAxis(reshape(found, shape), axis, 0);
  }
  const places = reshape(index!, x!.shape.map((_, i) => i === 0 ? size : i === axis + 1 ? count : 1));
  return takeAlongAxis(x!, expand(places, x!.shape.with(axis + 1, count)), axis + 1);
}

/** Told of each loop of one example and of its batch, with what stands for the nodes of one example. */
export type OnLoop = (one: NodeOf<"scan">, all: Node, image: ReadonlyMap<Node, Node>, size: number) => void;

/** A loop of batches: its steps stay in front of what it goes along. */
function loopOfBatches(node: NodeOf<"scan">, x: readonly Node[], size: number, onLoop: OnLoop): Node {
  const { body, carries, xs } = node.attrs;
  const inputs = x.map((y, i) => i >= carries && i < carries + xs ? moveAxis(y, 0, 1) : y);
  const places = body.inputs.map((y) => placeholder(aval(y.dtype, [size, ...y.shape], [null, ...y.axes])));
  const outputs = batched(body.outputs, new Map(body.inputs.map((y, i) => [y, places[i]!])), size, onLoop);
  return makeNode("scan", inputs, { ...node.attrs, body: { inputs: places, outputs } });
}

function outputOfBatches(node: NodeOf<"output">, loop: NodeOf<"scan">): Node {
  const { index } = node.attrs;
  const result = makeNode("output", [loop as Node], { index, aval: scanOutputs(loop.attrs)[index]! });
  return index < loop.attrs.carries ? result : moveAxis(result, 1, 0);
}

function refuse(node: Node): never {
  throw new PlumblineError({
    code: "G301",
    message: `vmap() has no batches of \`${node.op}\`, which depends on an example.`,
    made: [node],
    help: node.op === "randomBits"
      ? "draw the numbers of all examples outside, from one key, and give them as an argument that is mapped."
      : "compute it outside, and give it as an argument that is mapped.",
  });
}

function batchedNode(
  node: Node,
  inputs: readonly Node[],
  isBatched: readonly boolean[],
  size: number,
  onLoop: OnLoop,
): Node {
  if (node.op === "output") return outputOfBatches(node, inputs[0] as unknown as NodeOf<"scan">);
  if (node.op === "take") return takeEach(node, inputs, isBatched);
  if (node.op === "matmul" && isBatched[0] && !isBatched[1]) {
    const product = sharedProduct(node, inputs[0]!, inputs[1]!);
    if (product) return product;
  }
  if (node.op !== "scan" && !hasLift(node.op)) refuse(node);
  const whole = inputs.map((x, i) => isBatched[i] ? x : forEach(x, size));
  return node.op === "scan" ? loopOfBatches(node, whole, size, onLoop) : lift(node, whole, size);
}

/** `outputs` with an axis of `size` in front, where `given` says what stands for some nodes of one example. */
export function batched(
  outputs: readonly Node[],
  given: ReadonlyMap<Node, Node>,
  size: number,
  onLoop: OnLoop,
): Node[] {
  const image = new Map(given);
  for (const node of topological(outputs, (x) => given.has(x))) {
    if (image.has(node) || !node.inputs.some((x) => image.has(x))) continue;
    const inputs = node.inputs.map((x) => image.get(x) ?? x);
    const isBatched = node.inputs.map((x) => image.has(x));
    const whole = withSite(node.site, () => batchedNode(node, inputs, isBatched, size, onLoop));
    image.set(node, whole);
    if (node.op === "scan") onLoop(node, whole, image, size);
  }
  return outputs.map((x) => image.get(x) ?? forEach(x, size));
}
