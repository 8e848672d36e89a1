/** PyTorch's names, by what they are names of, and what to write here: one table for tensors, functions, modules and explain(). */

import * as functions from "./functions.ts";
import * as models from "./models.ts";
import { sameNames } from "./same.ts";
import { ofTensors, type Sentences } from "./tensors.ts";

/** The table, by the parts of PyTorch. */
export const pytorchNames: Readonly<Record<string, Sentences>> = {
  "Tensor": ofTensors,
  "torch": functions.ofTorch,
  "nn.functional": functions.ofFunctional,
  "nn": models.ofLayers,
  "nn.utils / init": models.ofInit,
  "Module methods": models.ofModules,
  "optim": models.ofOptimizers,
  "lr_scheduler": models.ofSchedules,
  "Scheduler methods": models.ofSchedulers,
  "distributions": models.ofDistributions,
  "Distribution methods": models.ofDistributionMethods,
  "linalg": functions.ofLinalg,
  "special": functions.ofSpecial,
  "fft": functions.ofFft,
  "autograd / func": functions.ofAutograd,
};

/** Names that both have, and that mean something else here. */
export const homonyms: Readonly<Record<string, Sentences>> = {
  "Tensor": {
    data: "await x.data() has the numbers; there is no way past the gradient: x.detach(why).",
    equal: "x.equal(y).all(); x.equal(y) itself compares each element, as x.eq(y) does.",
    max: "x.max(axis) has the largest alone, as x.amax(axis); x.argmax(axis) has their places.",
    min: "x.min(axis) has the smallest alone, as x.amin(axis); x.argmin(axis) has their places.",
    size: "x.shape; x.size is the number of elements.",
    take: "x.flatten().take(index, 0); x.take(index, axis) is x.indexSelect(axis, index).",
    item: "await x.item().",
    to: "x.to(dtype) converts; await useDevice(name) chooses what computes.",
  },
  "torch": {
    bernoulli: "bernoulli(key, shape, p): randomness has a key, of randomKey(seed), a Generator or a HostRandom.",
    compile: "compile(fn, { state }) names what changes.",
    normal: "normal(key, shape).mul(std).add(mean): randomness has a key.",
  },
  "nn.functional": { pad: "x.pad(axis, before, after, value), one axis at a time." },
  // Functions of these names make tensors, and cond() is a branch.
  "nn.utils / init": Object.fromEntries(
    (["uniform_", "normal_", "zeros_", "eye_"] as const).map((name) => [name, models.ofInit[name]!]),
  ),
  "linalg": { cond: functions.ofLinalg["cond"]! },
  "Distribution methods": {
    sample: "sample(key): randomness has a key.",
    rsample: "rsample(key): randomness has a key.",
  },
};

/** A name of PyTorch as it is written here: `masked_fill` is `maskedFill`. */
export function camelCase(name: string): string {
  return name.replaceAll(/_([a-z\d])/g, (_, letter: string) => letter.toUpperCase());
}

/** A name of ours as PyTorch writes it: `maskedFill` is `masked_fill`; null if both write it alike. */
function snakeCase(name: string): string | null {
  if (!/^[a-z]+\d*([A-Z][a-z]*\d*d?)+$/.test(name)) return null;
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** What to write for `masked_fill` where there is `maskedFill`: for all names that `holder` has itself. */
export function spelledAsInPython(holder: object): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const name of Object.getOwnPropertyNames(holder)) {
    const spelling = snakeCase(name);
    if (spelling) found.set(spelling, `names are in camelCase here: ${name}.`);
  }
  return found;
}

/** Both spellings of each name with its sentence, of some parts of the table. */
export function sentencesOf(...parts: readonly string[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const part of parts) {
    for (const [name, told] of Object.entries(pytorchNames[part]!)) {
      for (const spelling of [name, camelCase(name)]) if (!found.has(spelling)) found.set(spelling, told);
    }
  }
  return found;
}

/** Where PyTorch has its parts, the longest paths first. */
const paths: readonly (readonly [path: RegExp, part: string])[] = [
  [/^(torch\.nn\.functional|nn\.functional|F)\.\w+$/, "nn.functional"],
  [/^(torch\.)?nn\.(utils|init)\.\w+$/, "nn.utils / init"],
  [/^(torch\.)?nn\.Module\.\w+$/, "Module methods"],
  [/^(torch\.)?nn\.\w+$/, "nn"],
  [/^(torch\.)?Tensor\.\w+$/, "Tensor"],
  [/^(torch\.)?optim\.lr_scheduler\.\w+$/, "lr_scheduler"],
  [/^(torch\.)?optim\.\w+$/, "optim"],
  [/^(torch\.)?distributions\.\w+$/, "distributions"],
  [/^(torch\.)?(linalg|special|fft)\.\w+$/, ""],
  [/^(torch\.)?(autograd|func)\.\w+$/, "autograd / func"],
  [/^torch\.\w+$/, "torch"],
];

/** The parts that a name with a path may be of; of one without a path all. */
function partsOf(name: string): readonly string[] {
  const found = paths.find(([path]) => path.test(name));
  if (!found) return Object.keys(pytorchNames);
  const [, part] = found;
  if (part === "torch") return ["torch", "Tensor"];
  return [part || name.split(".").at(-2)!];
}

const has = (part: string, name: string): boolean =>
  Object.hasOwn(sameNames, part) && sameNames[part]!.split(" ").includes(name);

/**
 * What to write for a name of PyTorch, as `torch.nn.Conv3d`, `F.conv3d` or `conv3d`: its sentence, before which it says so where it
 * is called the same here; null if the tables have none.
 */
export function writtenFor(name: string): string | null {
  const parts = partsOf(name);
  // Some names of the tables have a path of their own: swa_utils.AveragedModel.
  const words = name.split(".");
  const spellings = [words.slice(-2).join("."), words.at(-1)!];
  const sentence = (tables: Readonly<Record<string, Sentences>>, parts: readonly string[]): string | null => {
    for (const part of parts) {
      for (const word of spellings) if (Object.hasOwn(tables[part] ?? {}, word)) return tables[part]![word]!;
    }
    return null;
  };
  const isSame = parts.some((part) => has(part, words.at(-1)!));
  if (!isSame) return sentence(homonyms, parts) ?? sentence(pytorchNames, [...parts, ...Object.keys(pytorchNames)]);
  const plain = words.at(-1)!.replace(/_$/, "");
  const here = camelCase(plain);
  const told = sentence(pytorchNames, parts);
  const called = here === plain ? "called the same here" : `called ${here} here, as all names in camelCase`;
  return told === null ? `${called}.` : `${called}; ${told}`;
}
