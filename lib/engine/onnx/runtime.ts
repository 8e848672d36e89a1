/**
 * ONNX Runtime: the one place that loads it, when its telemetry is off. `binding` is what its `InferenceSession` is made of: the
 * same calls, but they answer at once, where the other waits for a turn of the event loop before each run.
 */

import "./telemetry.ts";

export { env, InferenceSession, Tensor } from "npm:onnxruntime-node@1.30.0";
export { type Binding, binding, initOrt } from "npm:onnxruntime-node@1.30.0/dist/binding.js";
