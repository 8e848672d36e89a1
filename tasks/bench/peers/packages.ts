/**
 * The peers' packages, pinned. They are loaded by computed names and described here as far as the peers use them: a
 * package that Deno sees in an import, it downloads for everyone, also for those who never run the bench.
 */

/** An array of jax-js. Whoever receives one owns it: `ref` keeps it for another use. */
export interface JaxArray {
  readonly ref: JaxArray;
  add(other: JaxArray | number): JaxArray;
  sub(other: JaxArray): JaxArray;
  mul(other: JaxArray | number): JaxArray;
  div(other: JaxArray): JaxArray;
  reshape(shape: number[]): JaxArray;
  dispose(): void;
}

type JaxTree = JaxArray | readonly JaxTree[] | { readonly [key: string]: JaxTree };
type Operand = JaxArray | number;

/** As much of jax-js as is used. */
export interface Jax {
  readonly numpy: {
    array(data: Float32Array | number): JaxArray;
    zeros(shape: number[]): JaxArray;
    matmul(a: JaxArray, b: JaxArray): JaxArray;
    tanh(x: JaxArray): JaxArray;
    square(x: JaxArray): JaxArray;
    sqrt(x: JaxArray): JaxArray;
    mean(x: JaxArray): JaxArray;
    power(base: Operand, exponent: Operand): JaxArray;
    subtract(a: Operand, b: Operand): JaxArray;
  };
  init(device: string): Promise<string[]>;
  defaultDevice(device: string): void;
  jit<A extends JaxTree[], R extends JaxTree>(fn: (...args: A) => R): (...args: A) => R;
  valueAndGrad<P extends JaxTree, A extends JaxTree[]>(
    fn: (parameters: P, ...args: A) => JaxArray,
  ): (parameters: P, ...args: A) => [JaxArray, P];
  blockUntilReady(tree: JaxTree): Promise<unknown>;
}

/** A tensor of TensorFlow.js. */
export interface TfTensor {
  data(): Promise<Float32Array>;
}

/** As much of TensorFlow.js as is used. */
export interface Tf {
  setBackend(name: string): Promise<boolean>;
  variable(initial: TfTensor): TfTensor;
  zeros(shape: number[]): TfTensor;
  randomNormal(shape: number[], mean?: number, deviation?: number): TfTensor;
  matMul(a: TfTensor, b: TfTensor): TfTensor;
  add(a: TfTensor, b: TfTensor): TfTensor;
  sub(a: TfTensor, b: TfTensor): TfTensor;
  tanh(x: TfTensor): TfTensor;
  square(x: TfTensor): TfTensor;
  mean(x: TfTensor): TfTensor;
  readonly train: { adam(learningRate: number): { minimize(loss: () => TfTensor): void } };
}

const names = {
  jax: "npm:@jax-js/jax@0.1.25",
  tf: "npm:@tensorflow/tfjs@4.22.0",
  tfWasm: "npm:@tensorflow/tfjs-backend-wasm@4.22.0",
};

/** jax-js. */
export async function loadJax(): Promise<Jax> {
  return await import(names.jax);
}

/** TensorFlow.js with its WebAssembly backend. */
export async function loadTf(): Promise<Tf> {
  const tf = await import(names.tf);
  await import(names.tfWasm);
  return tf;
}
