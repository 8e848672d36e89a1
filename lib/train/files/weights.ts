/**
 * Tensors by name in a safetensors file, as other tools read and write them: weights of one's own model, or of PyTorch's. Keys of
 * random numbers are kept in the metadata of the file, where PyTorch's strict loading does not stumble over them.
 */

import * as v from "npm:valibot@1.5.0";
import { signature } from "../../graph/arguments.ts";
import { shown } from "../../graph/kinds.ts";
import type { SavedTensor } from "../../graph/types.ts";
import { UsageError } from "../../systems/usage.ts";
import { tensor } from "../../tensor/creation.ts";
import * as kind from "../../tensor/kinds.ts";
import { loadParameters, type StateDict } from "../../tensor/state_dict.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { writeFileAtomic } from "./atomic.ts";
import { reasonOf } from "./error.ts";
import { readRegular } from "./regular.ts";
import { decodeSafetensors, encodeSafetensors } from "./safetensors.ts";

const word = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(2 ** 32 - 1));
const readKeys = v.pipe(v.string(), v.parseJson(), v.record(v.string(), v.strictTuple([word, word])));

/** The metadata in which random keys are: an object from names to their two numbers. */
const randomKeys = "random_keys";

const takesSave = signature("saveSafetensors()", { path: kind.text, tensors: loadParameters.state });
const takesLoad = signature("loadSafetensors()", { path: kind.text });

/**
 * Writes tensors by name to a safetensors file, whole or not at all: `safetensors.torch.load_file(path)` reads it in PyTorch, and
 * `model.load_state_dict()` takes it.
 *
 * @throws WriteError if the file cannot be written.
 *
 * @example A program that goes on where it was stopped
 * ```ts
 * import { Adam, HostRandom, Linear, loadSafetensors, saveSafetensors } from "@plumbline/plumbline";
 *
 * const net = new Linear(2, 3, new HostRandom(0));
 * const optimizer = new Adam(net.parameters(), { lr: 1e-3 });
 * const path = await Deno.makeTempFile({ suffix: ".safetensors" });
 * await saveSafetensors(path, { ...net.stateDict("model."), ...optimizer.stateDict("optimizer.") });
 *
 * const saved = await loadSafetensors(path);
 * net.loadStateDict(saved, { prefix: "model." });
 * optimizer.loadStateDict(saved, { prefix: "optimizer." });
 * ```
 */
export async function saveSafetensors(path: string, tensors: StateDict): Promise<void> {
  takesSave(arguments);
  const saved: Record<string, SavedTensor> = {};
  const keys: Record<string, number[]> = {};
  for (const [name, x] of Object.entries(tensors)) {
    const data = await x.data();
    if (x.dtype === "uint32" && data.length === 2) keys[name] = [...data];
    else saved[name] = { dtype: x.dtype, shape: [...x.shape], data };
  }
  // PyTorch's readers want to be told whose tensors they are.
  const metadata = { format: "pt", ...(Object.keys(keys).length > 0 ? { [randomKeys]: JSON.stringify(keys) } : {}) };
  writeFileAtomic(path, encodeSafetensors({ tensors: saved, metadata }));
}

/**
 * The tensors of a safetensors file by name, of this library, PyTorch or another tool. float64, float16 and bfloat16 become float32,
 * whole numbers of other sizes int32.
 *
 * @throws UsageError if the file cannot be read, is damaged, or is none.
 */
export async function loadSafetensors(path: string): Promise<Record<string, Tensor>> {
  takesLoad(arguments);
  const file = await bytesAt(path);
  try {
    const { tensors, metadata } = decodeSafetensors(file);
    const found = Object.entries(tensors).map((
      [name, { dtype, shape, data }],
    ) => [name, tensor(data, { dtype, shape })]);
    const generators = Object.entries(keysIn(metadata[randomKeys] ?? "{}")).map(([name, key]) => {
      if (Object.hasOwn(tensors, name)) {
        throw new Error(`holds ${shown(name)} twice: as a tensor, and as a random key.`);
      }
      return [name, tensor(Uint32Array.from(key), { dtype: "uint32" })];
    });
    return Object.fromEntries([...found, ...generators]);
  } catch (error) {
    throw new UsageError(`${path} ${(error as Error).message}`);
  }
}

/** Random keys by name, as the metadata have them. */
function keysIn(text: string): Readonly<Record<string, readonly number[]>> {
  const { success, output } = v.safeParse(readKeys, text);
  if (success) return output;
  throw new Error(`is damaged: the "${randomKeys}" of its metadata are not two whole numbers by name each.`);
}

function bytesAt(path: string): Promise<Uint8Array> {
  try {
    return Promise.resolve(readRegular(path));
  } catch (error) {
    throw new UsageError(`${path} could not be read: ${reasonOf(error)}.`);
  }
}
