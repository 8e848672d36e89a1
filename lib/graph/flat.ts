/**
 * Flat vectors that do not fit: all parameters one after another, as PyTorch's programs keep them, and a gradient or step for
 * some of them. Their sizes alone say little; this says whose they are.
 */

import { PlumblineError } from "./error.ts";
import { canLearn, type Node } from "./node.ts";
import { currentSite } from "./site.ts";
import { sizeOf } from "./types.ts";

interface Named {
  readonly label: string;
  readonly group: string | null;
  readonly size: number;
}

/** How far behind a vector the place is looked for where it was joined. */
const farthest = 12;

function isNamed(x: object | null): x is Named {
  return canLearn(x) && "label" in x && "size" in x;
}

/** The parameter whose numbers `node` holds, in whatever shape. */
function parameterOf(node: Node): Named | null {
  for (let x = node; x; x = x.inputs[0]!) {
    if (isNamed(x.owner)) return x.owner;
    if (x.op !== "reshape" && x.op !== "stopGradient") return null;
  }
  return null;
}

/** The parameters that `node` holds one after another, also after arithmetic on all of them; `null` if it was not made so. */
function parametersIn(node: Node, depth = farthest): readonly Named[] | null {
  const { owner } = node;
  if (owner !== null && "parts" in owner && Array.isArray(owner.parts) && owner.parts.length > 0) return owner.parts;
  if (node.op === "concat") {
    const found = node.inputs.map(parameterOf);
    if (found.every((x) => x !== null)) return found;
  }
  if (depth === 0) return null;
  const size = sizeOf(node.shape);
  for (const x of node.inputs) {
    const found = sizeOf(x.shape) === size ? parametersIn(x, depth - 1) : null;
    if (found) return found;
  }
  return null;
}

/** The sizes of modules, in order: `actor` 18656, `critic` 15901. */
function modulesOf(parameters: readonly Named[]): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const { label, group, size } of parameters) {
    const root = group ?? label;
    sizes.set(root, (sizes.get(root) ?? 0) + size);
  }
  return sizes;
}

/** Neighbouring modules that have `size` entries together. */
function fitting(modules: ReadonlyMap<string, number>, size: number): { names: string[]; start: number } | null {
  const list = [...modules];
  let start = 0;
  for (let from = 0; from < list.length; from++) {
    let sum = 0;
    for (let to = from; to < list.length && sum < size; to++) {
      sum += list[to]![1];
      if (sum === size) return { names: list.slice(from, to + 1).map(([name]) => name), start };
    }
    start += list[from]![1];
  }
  return null;
}

const quoted = (names: readonly string[]): string => names.map((x) => `\`${x}\``).join(" and ");

/**
 * Refuses vectors of different sizes where the longer one holds the parameters of several modules.
 *
 * @throws PlumblineError G306
 */
export function refuseFlatVectors(nodes: readonly Node[]): void {
  const vectors = nodes.filter((x) => x.shape.length === 1 && x.shape[0] !== 1);
  const [longer, shorter] = vectors.sort((a, b) => b.shape[0]! - a.shape[0]!);
  if (!longer || !shorter || longer.shape[0] === shorter.shape[0]) return;
  const parameters = parametersIn(longer);
  if (!parameters) return;
  const [size, whole] = [shorter.shape[0]!, longer.shape[0]!];
  const modules = modulesOf(parameters);
  const place = fitting(modules, size);
  const parts = [...modules].map(([name, n]) => `\`${name}\` (${n})`).join(" and ");
  throw new PlumblineError({
    code: "G306",
    message: `a flat vector of ${size} entries meets one of ${whole}, which holds ${parts}${
      place ? `. ${size} entries are those of ${quoted(place.names)} alone` : ""
    }`,
    sites: [
      currentSite(refuseFlatVectors, "flat"),
      { site: longer.site, note: `${whole} entries` },
      { site: shorter.site, note: `${size} entries` },
    ],
    params: parameters.map((x) => x.label),
    help: [
      place
        ? `give ${quoted(place.names)} a vector of its own: new ParameterGroup("${place.names.join("+")}", parameters).`
        : "a vector and a step for it are taken from one ParameterGroup.",
      ...(place ? [`or change that part only: entries ${place.start} to ${place.start + size} of ${whole}.`] : []),
    ],
  });
}
