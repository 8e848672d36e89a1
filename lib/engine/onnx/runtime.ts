/** ONNX Runtime: the one place that loads it, when its telemetry is off. */

import "./telemetry.ts";
import type * as onnx from "npm:onnxruntime-node@1.30.0";
import { PlumblineError } from "../../graph/error.ts";

async function load(): Promise<typeof onnx> {
  try {
    return await import("npm:onnxruntime-node@1.30.0");
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
