/** Stacks as lists of places, and which of them are the user's. */

/** A place in a stack: `    at Tensor.value [as add] (file:///a.ts:1:2)`. */
export interface Frame {
  /** The function as V8 writes it, `Net.forward`, `new Net`; null if it has no name. */
  readonly name: string | null;
  /** `<anonymous>` in a notebook cell. */
  readonly url: string;
  readonly line: number;
  readonly column: number;
}

/** The library, and the commands that call it; what is in folders beside those measures it from outside. */
const [library, commands] = ["../", "../../tasks/"].map((path) => new URL(path, import.meta.url).href) as [
  string,
  string,
];
const isCommand = (url: string): boolean => url.startsWith(commands) && !url.slice(commands.length).includes("/");

/** The places of a stack that are places in a source. */
export function framesOf(stack: string): Frame[] {
  return stack.split("\n").flatMap((text) => {
    const [, name, place] = /^\s+at (?:async )?(?:(.*) \()?(.*?)\)?$/.exec(text) ?? [];
    const [, url, row, column] = /^(.*):(\d+):(\d+)$/.exec(place ?? "") ?? [];
    return url === undefined ? [] : [{ name: name ?? null, url, line: Number(row), column: Number(column) }];
  });
}

/** Whether a place lies in a notebook cell. */
export function isCell(url: string): boolean {
  return url.includes("<anonymous>");
}

/** Whether a place is the user's: not the library's, not the runtime's. */
export function isOutside({ url }: Frame): boolean {
  return !url.startsWith(library) && !isCommand(url) && !/^(ext|node|native|npm):/.test(url);
}

/** `add` of `Tensor.value [as add]`. */
export function calledName({ name }: Frame): string | null {
  return /\[as (.+)\]/.exec(name ?? "")?.[1] ?? /([\w$]+)$/.exec(name ?? "")?.[1] ?? null;
}

/** Whether the frame is that of a constructor, or of the fields of a class. */
export function isConstructor({ name }: Frame): boolean {
  return /^new |<instance_members|^Object\.<instance/.test(name ?? "");
}
