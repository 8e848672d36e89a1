/** What to do about a cut, in the user's own words where the line can be had. */

import type { Site } from "../../graph/site.ts";

/** Where a number that was read comes in again: as it stands in the line, `loss.add(0.1 * penalty)`. */
function mended(left: Site, entered: Site, tensor: string): string | null {
  const [, name] = /\b(?:const|let|var)\s+([\w$]+)\s*(?::[^=]+)?=\s*await\s/.exec(left.text ?? "") ?? [];
  const [, method, argument] = /^([\w$]+)\((.*)\)$/.exec(entered.call ?? "") ?? [];
  if (name === undefined || argument === undefined) return null;
  const [, before, found, after] = /^(?:([\d.e-]+)\s*\*\s*)?([\w$]+)(?:\s*\*\s*([\d.e-]+))?$/.exec(argument) ?? [];
  if (found !== name) return null;
  const factor = before ?? after;
  const kept = factor ? `${tensor}.mul(${factor})` : tensor;
  const { receiver: onto } = entered;
  // `tensor(value)` itself is what the tensor stands for.
  if (onto === null) return method === "tensor" ? `${kept} in place of ${entered.call}` : null;
  return `${onto.length <= 60 ? onto : ".."}.${method}(${kept})`;
}

function helpForRead(left: Site | null, entered: Site | null): string[] {
  const tensor = left?.receiver;
  if (!left || !tensor) {
    return [
      "keep the tensor: compute with its methods (t.mul(0.1), a.add(t)) instead of reading it.",
      'if intended:     stopGradient(t, "why") before it is read.',
    ];
  }
  const better = entered && mended(left, entered, tensor);
  return [
    `keep the tensor:  ${better ?? `${tensor}, and compute with its methods (mul, add, where) instead of reading it.`}`,
    `if intended:      stopGradient(${tensor}, "why")${better ? "" : " before it is read."}`,
  ];
}

/** What to do about a cut: `how` it came about, the line where the value left the graph, and where it came in again. */
export function helpFor(how: string, left: Site | null = null, entered: Site | null = null): string[] {
  switch (how) {
    case "item()":
    case "data()":
    case "toList()":
      return helpForRead(left, entered);
    case "sample()":
      return ["use rsample(), or put logProb() of the sample into the loss."];
    case "argmax()":
    case "argmin()":
      return ["choose softly (softmax() as weights), or learn through the logProb() of the choice."];
    case "boundary":
      return ["give the boundary a vjp, or write its inside in tensors."];
    case "compiled":
      return ["call backward() inside the compiled function: what it returns is data."];
    case "noGrad()":
      return ["compute it outside of noGrad().", 'if intended:  noGrad(() => .., "why")'];
    case "detach()":
      return [
        `leave out the detach()${left?.receiver ? `:  ${left.receiver}` : "."}`,
        `if intended:  stopGradient(${left?.receiver ?? "t"}, "why")`,
      ];
    default:
      return [
        `${how} passes no gradient: use a smooth form, or where() on the values.`,
        `if intended:  stopGradient(${left?.receiver ?? "t"}, "why")`,
      ];
  }
}
