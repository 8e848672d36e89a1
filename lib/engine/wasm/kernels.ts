/**
 * Kernels as functions. What a kernel computes is described as a text, and one of the same text is not written again, whichever
 * program it is of and wherever the memory is: an optimiser's step, a layer, a function that is compiled once more.
 */

import { type Memory, memoryName, type Place } from "../fused/place.ts";
import type { KernelPlan } from "../fused/program.ts";
import type { Expr } from "../fused/expr.ts";
import type { Atom, Ix } from "../fused/ix.ts";
import type { Node } from "../../graph/node.ts";
import { sizeOf } from "../../graph/types.ts";
import type { HelperName } from "./calls.ts";
import { emitCumsum, emitMap, emitReduce } from "./emit.ts";
import { Code, symbol, type Template, type ValueType } from "./encoder.ts";
import { emitMatmul } from "./matmul.ts";
import { Scope } from "./scope.ts";
import { Values } from "./values.ts";

/** A function whose symbols are where memories begin, and then the helpers that it calls. */
interface Written {
  readonly template: Template;
  readonly helpers: readonly HelperName[];
}

/** The function of a kernel, and which memories its symbols are. */
export interface KernelCode extends Written {
  readonly memories: readonly Memory[];
}

/** The variable of indices that says which place of the state is read: 0 or 1. The other is written. */
export const sideName = "s";

/** Those used last, by their texts: so many bytes at most, with the texts. */
const known = new Map<string, Written>();
const mostBytes = 2 ** 24;
let bytes = 0;
const bytesOf = (text: string, { template }: Written): number => text.length + template.bytes.length;

/** The function of a kernel. `brief`: of a program that runs once. */
export function kernelOf(plan: KernelPlan, brief: boolean): KernelCode {
  const { text, memories } = describe(plan, brief);
  const found = known.get(text);
  const written = found ?? write(plan, memories, brief);
  if (found) known.delete(text);
  else bytes += bytesOf(text, written);
  known.set(text, written);
  for (const [oldest, x] of known) {
    if (bytes <= mostBytes) break;
    known.delete(oldest);
    bytes -= bytesOf(oldest, x);
  }
  return { ...written, memories };
}

function write({ draft, stores, placeOf, depth }: KernelPlan, memories: readonly Memory[], brief: boolean): Written {
  const code = new Code(new Array<ValueType>(2 * depth + 1).fill("i32"), []);
  const scope = new Scope(code);
  for (let d = 0; d < depth; d++) {
    scope.name(`$t${d}`, 2 * d);
    scope.name(`$p${d}`, 2 * d + 1);
  }
  scope.name(`$${sideName}`, 2 * depth);
  const numbers = new Map(memories.map((x, n) => [memoryName(x), n]));
  const helpers: HelperName[] = [];
  const need = (name: HelperName): number => {
    if (!helpers.includes(name)) helpers.push(name);
    return symbol(memories.length + helpers.indexOf(name));
  };
  const values = new Values(draft.lowering.exprs, placeOf, (x) => symbol(numbers.get(memoryName(x))!), need);
  const emit = { map: emitMap, reduce: emitReduce, cumsum: emitCumsum, matmul: emitMatmul }[draft.kind];
  emit({ draft, stores, values, scope, brief });
  return { template: code.toTemplate(), helpers };
}

/** All that a kernel's function depends on, as a text in which nodes, memories and expressions are numbers in order. */
function describe({ draft, stores, placeOf, depth }: KernelPlan, brief: boolean): { text: string; memories: Memory[] } {
  const { kind, size, length, product } = draft;
  const { exprs, outer } = draft.lowering;
  const items = draft.items();
  const roots = [
    ...stores.map((x) => x.part.result),
    ...items.map((x) => x.item),
    ...(product ? [product.a, product.b] : []),
  ];
  const order = new Map([...exprs.reached(roots)].map((x, n) => [x, n]));
  const nodes = new Map<Node, number>();
  const memories: Memory[] = [];
  const names = new Map<string, number>();
  const texts = new Map<Ix, string>();

  const ofNode = (x: Node): number => {
    if (!nodes.has(x)) nodes.set(x, nodes.size);
    return nodes.get(x)!;
  };
  const atomText = (x: Atom): string => {
    if (x.kind !== "var") return `(${ixText(x.of)})${x.kind}${x.by}`;
    const behind = exprs.behind(x.key);
    return `${behind ? `@${order.get(behind)}` : x.key}[${x.lo},${x.hi}]`;
  };
  const ixText = (ix: Ix): string => {
    let text = texts.get(ix);
    if (text === undefined) {
      text = `${ix.terms.map((t) => `${t.factor}*${atomText(t.atom)}`).join("+")}+${ix.offset}`;
      texts.set(ix, text);
    }
    return text;
  };
  const placeText = ({ memory, base }: Place): string => {
    const name = memoryName(memory);
    if (!names.has(name)) names.set(name, memories.push(memory) - 1);
    return `${names.get(name)}+${ixText(base)}`;
  };
  const formText = ({ form }: Expr): string => {
    switch (form.kind) {
      case "const":
        return Object.is(form.value, -0) ? "-0" : `${form.value}`;
      case "index":
        return ixText(form.ix);
      case "within":
        return `${form.from},${form.to}:${ixText(form.ix)}`;
      case "load":
        return `${placeText(placeOf(form.node))}:${sizeOf(form.node.shape)}:${ixText(form.ix)}`;
      case "call":
        return `${form.name}(${form.args.map((x) => order.get(x))})`;
      case "core":
        return `${ofNode(form.node)}`;
    }
  };
  const lines = [`${kind} ${size} ${length} ${brief} ${depth} ${ixText(outer)}`];
  for (const { node, item, stage } of items) {
    const [{ dtype, shape }] = node.inputs as [Node];
    const settings = JSON.stringify(node.attrs);
    lines.push(
      `${ofNode(node)} ${node.op} ${node.dtype} ${node.shape} ${dtype} ${shape} ${settings} ${
        order.get(item)
      } ${stage}`,
    );
  }
  if (product) {
    const { node, a, b, extent } = product;
    lines.push(`${ofNode(node)} ${Object.values(extent)} ${order.get(a)} ${order.get(b)}`);
  }
  for (const { part, place } of stores) lines.push(`${order.get(part.result)} to ${placeText(place)}`);
  for (const x of order.keys()) lines.push(`${x.form.kind} ${x.dtype} ${formText(x)}`);
  return { text: lines.join("\n"), memories };
}
