/**
 * The peer jax-js: the MLP step as one jitted function. `deno run -A jaxjs.ts wasm|webgpu`; its WebGPU is given the Dawn
 * that this library uses, so that both compute on the same adapter.
 */

import process from "node:process";
import { mlpCase, type Run } from "../protocol.ts";
import { serve } from "../serve.ts";
import { countSubmits, installDawn, submitsOf } from "../submits.ts";
import { type JaxArray, loadJax } from "./packages.ts";

type Layer = { w: JaxArray; b: JaxArray };
type State = { params: Layer[]; m: Layer[]; v: Layer[]; step: JaxArray };

const { blockUntilReady, defaultDevice, init, jit, numpy: np, valueAndGrad } = await loadJax();

const rate = 3e-4, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;

function normal(...shape: number[]): JaxArray {
  const size = shape.reduce((a, b) => a * b, 1);
  const data = Float32Array.from({ length: size }, () => 0.1 * (Math.random() + Math.random() + Math.random() - 1.5));
  return np.array(data).reshape(shape);
}

function forward(params: Layer[], x: JaxArray): JaxArray {
  return params.reduce((h, { w, b }, i) => {
    const out = np.matmul(h, w).add(b);
    return i < params.length - 1 ? np.tanh(out) : out;
  }, x);
}

function loss(params: Layer[], x: JaxArray, y: JaxArray): JaxArray {
  return np.mean(np.square(forward(params, x).sub(y)));
}

/** jax-js takes ownership of every argument: `.ref` keeps one for another use. */
function adam(state: State, x: JaxArray, y: JaxArray): State {
  const [value, gradients] = valueAndGrad(loss)(state.params.map(({ w, b }) => ({ w: w.ref, b: b.ref })), x, y);
  value.dispose();
  const step = state.step.add(1);
  const correct1 = np.subtract(1, np.power(beta1, step.ref));
  const correct2 = np.subtract(1, np.power(beta2, step.ref));
  const next: State = { params: [], m: [], v: [], step };
  gradients.forEach((gradient, i) => {
    const layer = { params: {}, m: {}, v: {} } as Record<"params" | "m" | "v", Layer>;
    for (const key of ["w", "b"] as const) {
      const g = gradient[key];
      const m = state.m[i]![key].mul(beta1).add(g.ref.mul(1 - beta1));
      const v = state.v[i]![key].mul(beta2).add(np.square(g).mul(1 - beta2));
      const denominator = np.sqrt(v.ref.div(correct2.ref)).add(epsilon);
      layer.params[key] = state.params[i]![key].sub(m.ref.div(correct1.ref).div(denominator).mul(rate));
      layer.m[key] = m;
      layer.v[key] = v;
    }
    next.params.push(layer.params);
    next.m.push(layer.m);
    next.v.push(layer.v);
  });
  correct1.dispose();
  correct2.dispose();
  return next;
}

async function prepare(name: string): Promise<Run> {
  const mlp = mlpCase(name);
  if (!mlp) throw new Error(`jax-js has no case '${name}'.`);
  const { sizes, batch } = mlp;
  const layers = (make: (...shape: number[]) => JaxArray): Layer[] =>
    sizes.slice(1).map((n, i) => ({ w: make(sizes[i]!, n), b: np.zeros([n]) }));
  const zeros = (...shape: number[]): JaxArray => np.zeros(shape);
  const [x, y] = [normal(batch, sizes[0]!), normal(batch, sizes.at(-1)!)];
  let state: State = { params: layers(normal), m: layers(zeros), v: layers(zeros), step: np.array(0) };
  const step = jit(adam);
  await blockUntilReady([x, y]);
  return () =>
    submitsOf(async () => {
      state = step(state, x.ref, y.ref);
      await blockUntilReady(state);
    });
}

const device = process.argv[2] === "webgpu" ? "webgpu" : "wasm";
if (device === "webgpu") {
  await installDawn();
  await countSubmits();
}
const available = await init(device);
if (available.includes(device)) {
  defaultDevice(device);
  await serve(prepare);
} else {
  await serve(() => Promise.reject(new Error(`jax-js finds no ${device} device in this Deno.`)));
}
