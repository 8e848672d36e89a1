/**
 * The peer TensorFlow.js: the MLP step on its WebAssembly backend, in one thread (its threaded build is for browsers).
 * It has no capture of a step: every one is built anew.
 */

import { mlpCase, type Run } from "../protocol.ts";
import { serve } from "../serve.ts";
import { loadTf, type TfTensor } from "./packages.ts";

const tf = await loadTf();

function prepare(name: string): Promise<Run> {
  const mlp = mlpCase(name);
  if (!mlp) return Promise.reject(new Error(`TensorFlow.js has no case '${name}'.`));
  const { sizes, batch } = mlp;
  const layers = sizes.slice(1).map((n, i) => ({
    w: tf.variable(tf.randomNormal([sizes[i]!, n], 0, 0.1)),
    b: tf.variable(tf.zeros([n])),
  }));
  const x = tf.randomNormal([batch, sizes[0]!]);
  const y = tf.randomNormal([batch, sizes.at(-1)!]);
  const forward = (): TfTensor =>
    layers.reduce((h, { w, b }, i) => {
      const out = tf.add(tf.matMul(h, w), b);
      return i < layers.length - 1 ? tf.tanh(out) : out;
    }, x);
  const optimizer = tf.train.adam(3e-4);
  return Promise.resolve(async () => {
    optimizer.minimize(() => tf.mean(tf.square(tf.sub(forward(), y))));
    await layers.at(-1)!.b.data();
  });
}

await tf.setBackend("wasm");
await serve(prepare);
