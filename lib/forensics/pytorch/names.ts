/** PyTorch's names, by what they are names of, and what to write here: one table for tensors, functions, modules and explain(). */

import * as functions from "./functions.ts";
import * as models from "./models.ts";
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

/** What to write for a name of PyTorch, as `torch.nn.Conv3d`, `F.conv3d` or `conv3d`; null if the table has none. */
export function writtenFor(name: string): string | null {
  const last = name.split(".").at(-1)!;
  const parts = Object.values(pytorchNames);
  const found = parts.find((sentences) => Object.hasOwn(sentences, last)) ??
    parts.find((sentences) => Object.hasOwn(sentences, name));
  return found ? found[last] ?? found[name] ?? null : null;
}
