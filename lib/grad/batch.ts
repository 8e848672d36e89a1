/** The derivative that was given to a loop of one example, as that of a batch of them: the rule's own graph takes one more axis. */

import { moveAxis } from "../graph/arrange.ts";
import { batched, type OnLoop } from "../graph/batch.ts";
import { type Node, placeholder } from "../graph/node.ts";
import { scanOutputs } from "../graph/primitives.ts";
import { customRule, setCustomRule } from "./custom.ts";

/** The batch of a loop has the loop's rule. */
export const keepRule: OnLoop = (one, all, image, size) => {
  const rule = customRule(one as Node);
  if (!rule) return;
  const { carries, xs } = one.attrs;
  setCustomRule(all, (parts) => {
    const places = scanOutputs(one.attrs).map((of, i) => parts[i] ? placeholder(of) : null);
    const given = new Map(image);
    // The steps of a loop come before the examples in what it goes along.
    places.forEach((place, i) => place && given.set(place, i < carries ? parts[i]! : moveAxis(parts[i]!, 1, 0)));
    const single = rule(places);
    const found = batched(single.filter((x) => x !== null), given, size, keepRule).values();
    return single.map((x, i) => {
      if (x === null) return null;
      const whole = found.next().value!;
      return i >= carries && i < carries + xs ? moveAxis(whole, 0, 1) : whole;
    });
  });
};
