/**
 * Promises that say so when they are used as what they are promises of: without `await`, JavaScript would read `undefined` from
 * them, or "[object Promise]".
 */

import { PlumblineError } from "../graph/error.ts";
import { isStrayPromise } from "../graph/kinds.ts";

const inspected: readonly unknown[] = [Symbol.for("Deno.customInspect"), Symbol.for("nodejs.util.inspect.custom")];

const askedByNotebooks: readonly string[] = ["schema"];

const prototypes = new Map<string, object>();

function refuse(promise: unknown, use: string, better: string): never {
  isStrayPromise(promise);
  throw new PlumblineError({
    code: "G311",
    message: `${use}: \`await\` is missing.`,
    help: `write ${better}.`,
  });
}

/** Between a promise and what all promises have: everything else is refused. */
function prototypeFor(what: string): object {
  const found = prototypes.get(what);
  if (found) return found;
  const guard = new Proxy(Object.create(Promise.prototype), {
    get(target, key, promise) {
      if (key in target) return Reflect.get(target, key, promise);
      if (key === Symbol.toPrimitive) {
        return () => refuse(promise, `a promise of ${what} was used as a number or text`, `(await ..) around it`);
      }
      if (key === Symbol.iterator) refuse(promise, `a promise of ${what} was iterated`, `(await ..) around it`);
      if (inspected.includes(key)) return () => `Promise of ${what}, to be awaited`;
      // Deno's kernel asks the last value of every cell for these, to see whether it is a table or a chart.
      if (typeof key === "symbol" || askedByNotebooks.includes(key)) return undefined;
      if (key === "toJSON") refuse(promise, `a promise of ${what} was made JSON of`, `(await ..) around it`);
      refuse(promise, `\`${key}\` was asked of a promise of ${what}`, `(await ..).${key}`);
    },
  });
  // What all promises have is found before the guard, which is slow to ask: `await` looks for the constructor.
  const made = Object.create(guard, Object.getOwnPropertyDescriptors(Promise.prototype));
  prototypes.set(what, made);
  return made;
}

/** `promise`, of `what` (`item()`), which refuses to be used in its place. */
export function awaited<T>(promise: Promise<T>, what: string): Promise<T> {
  return Object.setPrototypeOf(promise, prototypeFor(what));
}
