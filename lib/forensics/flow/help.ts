/** What to do about a cut, in the user's own words where the line can be had. */

import type { Site } from "../../graph/site.ts";
import { handedTo } from "./host.ts";

/** What is known of a cut. */
export interface CutFacts {
  /** How it came about: `item()`, `detach()`, `argmax()`. */
  readonly how: string;
  /** The line where the value left the graph. */
  readonly left: Site | null;
  /** Where it came in again, if that is elsewhere. */
  readonly entered?: Site | null;
  /** The argument of a compiled function that it became: `argument 2 of update`. */
  readonly argument?: string | undefined;
  /** Whether it went through code of the host. */
  readonly isThroughHost?: boolean;
  /** Whether it was read, as one of several rows that came in again together. */
  readonly isCollected?: boolean;
  /** Whether it was read before. */
  readonly isRead?: boolean;
  /** Whether it is a choice among classes. */
  readonly isChoice?: boolean;
  /** Whether it lets a gradient pass by: `x.add(code.sub(x).detach())`. */
  readonly isPassedBy?: boolean;
}

/** The arguments of a call, as they stand in its line. */
function argumentsOf({ call }: Site): string[] {
  const [, inner] = /^(?:new |await )?[\w$.]+\((.*)\)$/.exec(call ?? "") ?? [];
  let depth = 0;
  const found = [""];
  for (const c of inner ?? "") {
    if ("([{".includes(c)) depth++;
    if (")]}".includes(c)) depth--;
    if (c === "," && depth === 0) found.push("");
    else found[found.length - 1] += c;
  }
  return found.map((x) => x.trim());
}

/** What is read at a place, and the line that asks for it: of a helper that reads what it is given, the line that calls it. */
function readAt(left: Site): { tensor: string | null; text: string | null } {
  const { receiver: tensor, text, callers: [caller] } = left;
  const isGiven = tensor !== null && caller !== undefined &&
    new RegExp(`[(,]\\s*${RegExp.escape(tensor)}\\s*[,:)]|\\b${RegExp.escape(tensor)}\\s*=>`).test(text ?? "");
  const given = isGiven ? argumentsOf(caller) : [];
  return isGiven && given.length === 1 && given[0] ? { tensor: given[0], text: caller.text } : { tensor, text };
}

/** Where a number that was read comes in again: as it stands in the line, `loss.add(0.1 * penalty)`. */
function mended(text: string | null, entered: Site, tensor: string): string | null {
  const [, name] = /\b(?:const|let|var)\s+([\w$]+)\s*(?::[^=]+)?=\s*await\s/.exec(text ?? "") ?? [];
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

const stop = (tensor: string, when = ""): string => `if intended:      stopGradient(${tensor}, "why")${when}`;

function helpForRead({ left, entered, isThroughHost, isCollected }: CutFacts): string[] {
  const { tensor: read, text } = left ? readAt(left) : { tensor: null, text: null };
  const tensor = read ?? "t";
  const meant = stop(tensor, " before it is read.");
  const callee = isThroughHost && left ? handedTo(left) : null;
  if (callee !== null) {
    return [
      `${callee}() computes outside of the graph: write it in tensors.`,
      `a simulator:      boundary("${callee}", fn, { vjp }) says how a gradient crosses it.`,
      meant,
    ];
  }
  if (isCollected) {
    return [
      `numbers that were kept are data: keep what ${
        read ? `\`${tensor}\` was` : "they were"
      } computed from, and compute it afresh where the loss is made.`,
      meant,
    ];
  }
  const better = entered && mended(text, entered, tensor);
  if (better) return [`keep the tensor:  ${better}`, stop(tensor)];
  return [
    `keep the tensor:  ${
      read ? `${tensor}, and ` : ""
    }compute with its methods (mul, add, where) instead of reading it.`,
    ...(isThroughHost
      ? ["a simulator:      boundary(name, fn, { vjp }) around it says how a gradient crosses it."]
      : []),
    meant,
  ];
}

/** A smooth step in the place of a comparison: as it stands in the line, `score.greater(0.5)`. */
function helpForComparison(how: string, { left }: CutFacts): string[] {
  const by = left && argumentsOf(left)[0];
  const isAbove = how.startsWith("greater");
  const [a, b] = [left?.receiver ?? "a", by || "b"];
  const difference = isAbove ? `${a}.sub(${b})` : `${a}.sub(${b}).neg()`;
  const smooth = /^(equal|notEqual)/.test(how) ? "" : `, as ${difference}.mul(10).sigmoid()`;
  return [
    `${how} is a step, whose slope is 0: use a smooth one${smooth}`,
    "where() needs a step: weigh both sides by the smooth one, s:  a.mul(s).add(b.mul(s.neg().add(1)))",
    stop(a),
  ];
}

/** A step whose gradient is let pass by. */
function helpForStep(how: string, { left }: CutFacts): string[] {
  const whole = left?.receiver ?? "x";
  const [, before, step] = /^(.*)\.(floor|round|ceil|trunc|sign)\(\)$/.exec(whole) ?? [];
  const x = before ?? whole;
  const taken = step ? `${step}()` : how.startsWith("cast") ? "trunc()" : how;
  return [
    `${how} passes no gradient: let it pass by (straight through), as ${x}.add(${x}.${taken}.sub(${x}).detach("straight through"))`,
    "as an index it chooses an entry: weigh all of them by how near they are (softmax).",
    stop(whole),
  ];
}

/** What was assigned, or made a variable or a parameter: `x.mul(2)` of `acc.assign(x.mul(2))`. */
function givenIn({ left }: CutFacts): string | null {
  return (left && argumentsOf(left)[0]) || null;
}

function helpForVariable(how: string, facts: CutFacts): string[] {
  const given = givenIn(facts);
  const whole = facts.left?.receiver ?? "the variable";
  const isAssigned = how === "assign()";
  return [
    `use the tensor itself in the loss${given ? `, ${given},` : ","} in the place of ${
      isAssigned ? whole : "what is made of it here"
    }: a variable holds data.`,
    ...(isAssigned
      ? [`if intended:      ${whole}.assign(stopGradient(${given ?? "t"}, "why"))`]
      : [stop(given ?? "t")]),
  ];
}

/** Of what a gradient passes by: it learns from a term of its own. */
function helpForPassedBy(stopped: string | null): string[] {
  const [, code, x] = /^([\w$.]+)\.sub\(([\w$.]+)\)$/.exec(stopped ?? "") ?? [];
  return [
    "the gradient passes by what is stopped (straight through): give that a term of its own" +
    (code && x ? `, ${code}.sub(${x}.detach("it follows")).square().mean()` : "."),
    stop(stopped ?? "t"),
  ];
}

/** What to do about a cut. */
export function helpFor(facts: CutFacts): string[] {
  const { how, left, argument } = facts;
  const tensor = left?.receiver ?? null;
  if (argument) {
    const [, index, called] = /^argument (\d+).* of (.*)$/.exec(argument) ?? [];
    const passed = facts.entered ? argumentsOf(facts.entered)[Number(index) - 1] : undefined;
    return [
      `compute it inside of ${called}: pass what it is made of, and run the network there.`,
      stop(passed ?? "t", " is passed."),
    ];
  }
  if (/^(greater|less|equal|notEqual)/.test(how)) return helpForComparison(how, facts);
  if (/^(floor|ceil|round|trunc|sign|cast)\(/.test(how)) return helpForStep(how, facts);
  switch (how) {
    case "item()":
    case "data()":
    case "toList()":
      return helpForRead(facts);
    case "sample()":
      return [
        facts.isChoice
          ? "a choice among classes has no rsample(): put logProb() of the choice into the loss, or choose softly " +
            "(softmax() as weights)."
          : "use rsample(), or put logProb() of the sample into the loss.",
      ];
    case "argmax()":
    case "argmin()":
      return [
        "choose softly (softmax() as weights), or learn through the logProb() of the choice.",
        'a code that stands for x:  x.add(code.sub(x).detach("straight through"))',
      ];
    case "argsort()":
    case "sort()":
    case "topk()":
      return ["places in an order have no derivative: learn through the values, sort().values or topk(k).values."];
    case "boundary":
      return ["give the boundary a vjp, boundary(name, fn, { vjp }), or write its inside in tensors."];
    case "world":
      return [
        "learn from what it gives by the log-probability of what was done:  logProb.mul(reward), as PPO does.",
        "or write its step in tensors: an Environment has gradients.",
      ];
    case "compiled":
      return ["compute the loss, and call backward(), inside of the compiled function: what it returns is data."];
    case "noGrad()":
      return ["compute it outside of noGrad().", 'if intended:      noGrad(() => .., "why")'];
    case "detach()":
      if (facts.isPassedBy) return helpForPassedBy(tensor);
      return [`leave out the detach()${tensor ? `:  ${tensor}` : "."}`, stop(tensor ?? "t")];
    case "assign()":
    case "new Variable()":
      return helpForVariable(how, facts);
    case "new Parameter()":
      return [
        `use the tensor itself in the loss${
          facts.isRead && tensor ? `, ${tensor}` : givenIn(facts) ? `, ${givenIn(facts)}` : ""
        }: ` +
        "a new parameter begins anew, and is only for what an optimiser changes.",
      ];
    case "values()":
      return ["values() gives the numbers of a group as data: use the parameters themselves in the loss."];
    default:
      return [`${how} passes no gradient: use a smooth form, or where() on the values.`, stop(tensor ?? "t")];
  }
}
