/**
 * TRPO's step in float64, from its definition: functions of one flat vector of parameters, derivatives by central differences,
 * textbook conjugate gradients. It knows nothing of the library.
 */

/** How a policy reads the numbers that its network gives. */
export type Reading = "tanh" | "clipped" | "categorical";

/** What the policy learns from; `row` is the leading axis. */
export interface Batch {
  /** [row, feature]. */
  readonly observation: readonly (readonly number[])[];
  /** [row, number of the action], before a tanh or a clip. */
  readonly choice: readonly (readonly number[])[];
  /** [row]. */
  readonly advantage: readonly number[];
}

/** Parameters of a distribution over the action of one row. */
interface Said {
  readonly loc: readonly number[];
  readonly scale: readonly number[];
  readonly logits: readonly number[];
}

const sum = (x: readonly number[]): number => x.reduce((a, b) => a + b, 0);
export const dot = (a: readonly number[], b: readonly number[]): number => sum(a.map((x, i) => x * b[i]!));
const minScale = 0.01;
const scaleBias = Math.log(Math.expm1(1 - minScale));

function logSoftmax(x: readonly number[]): number[] {
  const peak = Math.max(...x);
  const total = Math.log(sum(x.map((y) => Math.exp(y - peak)))) + peak;
  return x.map((y) => y - total);
}

/** A policy whose network has these sizes, tanh between its layers. Parameters: weight [out, in] and bias of each layer, then log-deviations. */
export class ReferencePolicy {
  #before: { readonly parameters: readonly number[]; readonly batch: Batch; readonly said: readonly Said[] } | null =
    null;

  constructor(readonly sizes: readonly number[], readonly reading: Reading) {}

  said(parameters: readonly number[], observation: readonly number[]): Said {
    let [at, x] = [0, [...observation]];
    for (let layer = 1; layer < this.sizes.length; layer++) {
      const [from, to] = [this.sizes[layer - 1]!, this.sizes[layer]!];
      const biases = at + from * to;
      const y = Array.from({ length: to }, (_, i) => {
        return parameters[biases + i]! + sum(x.map((v, k) => v * parameters[at + i * from + k]!));
      });
      x = layer === this.sizes.length - 1 ? y : y.map(Math.tanh);
      at = biases + to;
    }
    if (this.reading === "categorical") return { loc: [], scale: [], logits: logSoftmax(x) };
    if (this.reading === "clipped") return { loc: x, scale: parameters.slice(at).map(Math.exp), logits: [] };
    const half = x.length / 2;
    const scale = x.slice(half).map((raw) => Math.log1p(Math.exp(raw + scaleBias)) + minScale);
    return { loc: x.slice(0, half), scale, logits: [] };
  }

  logProb({ loc, scale, logits }: Said, choice: readonly number[]): number {
    if (this.reading === "categorical") return logits[choice[0]!]!;
    return sum(choice.map((u, i) => {
      const z = (u - loc[i]!) / scale[i]!;
      // The derivative of the tanh is the same before and after the step: it leaves every ratio as it is.
      return -0.5 * z * z - Math.log(scale[i]!) - 0.5 * Math.log(2 * Math.PI);
    }));
  }

  /** What the policy of `parameters` says of each row. Kept, since differences ask for that before the step again and again. */
  #saidBefore(parameters: readonly number[], batch: Batch): readonly Said[] {
    if (this.#before?.parameters !== parameters || this.#before.batch !== batch) {
      this.#before = { parameters, batch, said: batch.observation.map((x) => this.said(parameters, x)) };
    }
    return this.#before.said;
  }

  /** Mean over rows of the KL divergence from the policy of `before` to that of `now`. */
  kl(before: readonly number[], now: readonly number[], batch: Batch): number {
    const old = this.#saidBefore(before, batch);
    const each = batch.observation.map((x, row) => {
      const [p, q] = [old[row]!, this.said(now, x)];
      if (this.reading === "categorical") return sum(p.logits.map((l, i) => Math.exp(l) * (l - q.logits[i]!)));
      return sum(p.loc.map((loc, i) => {
        const ratio = (p.scale[i]! / q.scale[i]!) ** 2;
        const shift = ((loc - q.loc[i]!) / q.scale[i]!) ** 2;
        return 0.5 * (ratio + shift - 1 - Math.log(ratio));
      }));
    });
    return sum(each) / each.length;
  }

  /** Mean over rows of ratio times advantage. */
  surrogate(before: readonly number[], now: readonly number[], batch: Batch): number {
    const { observation, choice, advantage } = batch;
    const said = this.#saidBefore(before, batch);
    const each = observation.map((x, row) => {
      const [old, young] = [said[row]!, this.said(now, x)].map((by) => this.logProb(by, choice[row]!));
      return Math.exp(young! - old!) * advantage[row]!;
    });
    return sum(each) / each.length;
  }
}

/** The gradient of `f` by central differences. */
export function slope(f: (x: readonly number[]) => number, x: readonly number[], step = 1e-4): number[] {
  return x.map((_, i) => {
    const at = (by: number): number => f(x.map((y, k) => k === i ? y + by : y));
    return (at(step) - at(-step)) / (2 * step);
  });
}

/** The matrix of second derivatives of `f` by differences of differences; each pair once, since the order does not matter. */
export function hessian(f: (x: readonly number[]) => number, x: readonly number[], step = 1e-3): number[][] {
  const half = x.map((_, i) => {
    const at = (by: number): number[] => {
      const y = x.map((value, k) => k === i ? value + by : value);
      return slope((rest) => f([...y.slice(0, i), ...rest]), y.slice(i));
    };
    const [up, down] = [at(step), at(-step)];
    return up.map((value, k) => (value - down[k]!) / (2 * step));
  });
  return half.map((_, i) => x.map((_, k) => half[Math.min(i, k)]![Math.abs(i - k)]!));
}

/** `steps` of conjugate gradients for A x = b. */
export function solve(matrix: readonly (readonly number[])[], b: readonly number[], steps: number): number[] {
  let [x, left, along] = [b.map(() => 0), [...b], [...b]];
  for (let i = 0; i < steps && dot(left, left) > 1e-10 * dot(b, b); i++) {
    const image = matrix.map((row) => dot(row, along));
    const by = dot(left, left) / dot(along, image);
    const rest = left.map((y, k) => y - by * image[k]!);
    const ratio = dot(rest, rest) / dot(left, left);
    x = x.map((y, k) => y + by * along[k]!);
    [left, along] = [rest, rest.map((y, k) => y + ratio * along[k]!)];
  }
  return x;
}

/** Settings of the step. */
export interface StepOptions {
  readonly targetKl: number;
  readonly cgMaxSteps: number;
  readonly cgDamping: number;
  readonly lineSearchShrinkingFactor: number;
  readonly lineSearchMaxIter: number;
}

/** The step of TRPO from `before`: the parameters after it, and what conjugate gradients have left. */
export function referenceStep(
  policy: ReferencePolicy,
  before: readonly number[],
  batch: Batch,
  options: StepOptions,
): { readonly after: readonly number[]; readonly share: number; readonly residual: number } {
  const { targetKl, cgMaxSteps, cgDamping, lineSearchShrinkingFactor: shrink, lineSearchMaxIter } = options;
  const gradient = slope((now) => policy.surrogate(before, now, batch), before);
  const fisher = hessian((now) => policy.kl(before, now, batch), before);
  const damped = fisher.map((row, i) => row.map((x, k) => x + (i === k ? cgDamping : 0)));
  const direction = solve(damped, gradient, cgMaxSteps);
  const image = damped.map((row) => dot(row, direction));
  const scale = Math.sqrt(2 * targetKl / dot(direction, image));
  const rest = image.map((x, i) => x - gradient[i]!);
  const residual = Math.sqrt(dot(rest, rest) / dot(gradient, gradient));
  const start = policy.surrogate(before, before, batch);
  for (let i = 0; i < lineSearchMaxIter; i++) {
    const share = shrink ** i;
    const after = before.map((x, k) => x + share * scale * direction[k]!);
    const isInside = policy.kl(before, after, batch) < targetKl;
    if (isInside && policy.surrogate(before, after, batch) >= start) return { after, share, residual };
  }
  return { after: before, share: 0, residual };
}
