/**
 * ONNX Runtime: the one place that loads it, when its telemetry is off. `binding` is what its `InferenceSession` is made of: the
 * same calls, but they answer at once, where the other waits for a turn of the event loop before each run.
 */

import "./telemetry.ts";
import type * as onnx from "npm:onnxruntime-node@1.30.0";
import type * as native from "npm:onnxruntime-node@1.30.0/dist/binding.js";
import { PlumblineError } from "../../graph/error.ts";

async function load() {
  try {
    const [runtime, { binding, initOrt }] = await Promise.all([
      import("npm:onnxruntime-node@1.30.0"),
      import("npm:onnxruntime-node@1.30.0/dist/binding.js"),
    ]);
    return { ...runtime, binding, initOrt };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
    throw new PlumblineError({
      code: "G602",
      message: "this program may not load ONNX Runtime, a native library, which computes on the CPU.",
      help: "deno run --allow-ffi",
    });
  }
}

const runtime = await load();

/** A model that can be run. */
export type InferenceSession = onnx.InferenceSession;
/** What it takes and gives. */
export type Tensor = onnx.Tensor;
/** Versions, and where it logs. */
export const env: typeof onnx.env = runtime.env;
/** See {@linkcode InferenceSession}. */
export const InferenceSession: typeof onnx.InferenceSession = runtime.InferenceSession;
/** See {@linkcode Tensor}. */
export const Tensor: typeof onnx.Tensor = runtime.Tensor;
/** What sessions are made of. */
export const binding: typeof native.binding = runtime.binding;
/** To be called before the first session. */
export const initOrt: typeof native.initOrt = runtime.initOrt;
