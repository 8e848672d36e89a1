/** ONNX Runtime: the one place that loads it, when its telemetry is off. */

import "./telemetry.ts";

export { env, InferenceSession, Tensor } from "npm:onnxruntime-node@1.30.0";
