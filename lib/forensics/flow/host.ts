/** What becomes of a number that was read, as far as the lines after it tell: is it handed to other code, a simulator perhaps? */

import { lastExpression } from "../../graph/names.ts";
import type { Site } from "../../graph/site.ts";
import { linesAround } from "../../graph/source.ts";

/** Arithmetic, collections, logs and conversions: what is no simulator. */
const plain = new RegExp(
  "^(?:if|for|while|switch|return|await|Number|String|Boolean|BigInt|isNaN|isFinite|parse(?:Float|Int)|structuredClone|" +
    "tensor|full|stack|concat|ok|equal|(?:[\\w$]+Array|Array|Object|Math|JSON|Number|console|Promise|performance|Date|Deno)" +
    "(?:\\.\\w+)*|(?:.*\\.)?(?:push|unshift|set|add|fill|map|filter|reduce|forEach|slice|concat|join|includes|toFixed|" +
    "mul|sub|div|maximum|minimum|where|assign|forward|logProb|log|debug|info|warn|error|write|writeText|append))$",
);

/** The function whose argument begins behind `before`; null if it is none, or plain. */
function calleeBefore(before: string): string | null {
  const outer = /^(.*?)\(\s*(?:[^()]*,\s*)?(?:\.\.\.)?\[?\s*(?:await\s+)?$/s.exec(before)?.[1];
  if (outer === undefined) return null;
  const callee = lastExpression(outer);
  const isNew = /\bnew$/.test(outer.slice(0, outer.length - callee.length).trimEnd());
  return callee === "" || isNew || plain.test(callee) ? null : callee;
}

/** The function outside of the library that is given the numbers which are read at `read`: `scene.step`. */
export function handedTo(read: Site): string | null {
  const { text, receiver, url, line } = read;
  if (text === null || receiver === null) return null;
  const before = text.slice(0, text.indexOf(receiver));
  const direct = calleeBefore(before);
  if (direct !== null) return direct;
  const [, name] = /\b(?:const|let|var)\s+\[?([\w$]+)\]?\s*(?::[^=]+)?=[\s([.]*await\s+$/.exec(before) ?? [];
  if (name === undefined) return null;
  const use = new RegExp(`(?<![.\\w$])${RegExp.escape(name)}(?![\\w$])`, "g");
  const isAnew = new RegExp(`\\b(?:const|let|var)\\s+[[{]?\\s*${RegExp.escape(name)}(?![\\w$])`);
  const rest = text.slice(before.length + receiver.length);
  for (const after of [rest, ...linesAround(url, line).after]) {
    if (isAnew.test(after)) break;
    for (const { index } of after.matchAll(use)) {
      const callee = calleeBefore(after.slice(0, index));
      if (callee !== null) return callee;
    }
    if (/^\}/.test(after)) break;
  }
  return null;
}
