/** Names of PyTorch that would be silently nothing: read, they say what to write. Accessors behind a prototype, so that own names win. */

import { PlumblineError } from "../../graph/error.ts";
import { callerSite } from "../../graph/site.ts";
import { sentencesOf, spelledAsInPython } from "./names.ts";

/** `holder`, called `what` ("a module"), has no `name`: throws G103 with what to write. */
function refuse(what: string, name: string, help: string): never {
  throw new PlumblineError({ code: "G103", message: `${what} has no \`${name}\``, sites: [callerSite()], help });
}

/** Has everything with this prototype (or that object) refuse the names of some parts of PyTorch that it has not, and its own in snake_case. */
export function refuseNames(prototype: object, what: string, ...parts: readonly string[]): void {
  const behind: object = Object.create(Object.getPrototypeOf(prototype));
  for (const [name, help] of [...sentencesOf(...parts), ...spelledAsInPython(prototype)]) {
    Object.defineProperty(behind, name, {
      get: () => refuse(what, name, help),
      // A field of one's own may have the name.
      set(this: object, value: unknown) {
        Object.defineProperty(this, name, { value, writable: true, enumerable: true, configurable: true });
      },
      configurable: true,
    });
  }
  Object.setPrototypeOf(prototype, behind);
}
