/** From nodes to ONNX operations: tiles are chosen, then emitted in order. */

import type { Node } from "../../graph/node.ts";
import type { Builder, Value } from "./builder.ts";
import { emitChoice } from "./choices.ts";
import { emitScan, scanInputs } from "./scan.ts";
import { cover } from "./tiles.ts";

/** Emits everything that `outputs` need; `known` gives the values of the leaves. */
export function lower(b: Builder, outputs: readonly Node[], known: ReadonlyMap<Node, Value>): (node: Node) => Value {
  const { order, tiles, scans, choices } = cover(outputs, (x) => known.has(x), scanInputs);
  const values = new Map(known);
  const valueOf = (node: Node): Value => values.get(node)!;
  const loops = new Map<Node, readonly Value[]>();
  for (const node of order) {
    b.origin = node;
    if (node.op === "scan") {
      loops.set(node, emitScan(b, scans.get(node)!, valueOf, lower));
    } else if (node.op === "output") {
      const scan = node.inputs[0]!;
      values.set(node, loops.get(scan)![scans.get(scan)!.taken.indexOf(node.attrs.index)]!);
    } else if (choices.has(node)) {
      const { choice, taken } = choices.get(node)!;
      const results = emitChoice(b, choice.condition, taken, values, lower);
      taken.forEach((x, i) => values.set(x, results[i]!));
    } else {
      // Of a choice all but the last have their values by it.
      const tile = tiles.get(node);
      if (tile) values.set(node, tile.emit(b, tile.inputs.map(valueOf)));
    }
  }
  return valueOf;
}
