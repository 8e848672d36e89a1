/**
 * Gradient accumulation over several calls of a compiled function. The gradients of a call end with it, as all that it computes and
 * does not return; here they are added to variables, which another call gives to an optimiser.
 */

import { signature, takeOnly } from "../graph/arguments.ts";
import * as kind from "../tensor/kinds.ts";
import { zeros } from "../tensor/creation.ts";
import {
  loadEntries,
  type LoadOptions,
  loadParameters,
  type LoadResult,
  type StateDict,
  stateDictOf,
  type StateEntry,
} from "../tensor/state_dict.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { Parameter, type Stateful, Variable } from "../tensor/variable.ts";

const takesModel = signature("new GradientAccumulator()", { model: kind.stateful });

/**
 * Sums of gradients that outlive the call of a compiled function. Parts of a batch whose losses are divided by their number give the
 * step of the whole batch, bit for bit that of one function with a `backward()` for each part.
 *
 * @example
 * ```ts
 * import { Adam, compile, GradientAccumulator, HostRandom, Linear, tensor } from "@plumbline/plumbline";
 *
 * const net = new Linear(2, 1, new HostRandom(0));
 * const optimizer = new Adam(net.parameters(), { lr: 0.1 });
 * const gradients = new GradientAccumulator(net);
 * const parts = 4;
 *
 * const part = compile((x) => {
 *   const loss = net.forward(x).square().mean().div(parts);
 *   loss.backward();
 *   gradients.add();
 *   return loss;
 * }, { state: [net, gradients] });
 * const step = compile(() => {
 *   gradients.take();
 *   optimizer.step();
 * }, { state: [net, optimizer, gradients] });
 *
 * for (let i = 0; i < 8; i++) {
 *   await part(tensor([[i, 1]]));
 *   if ((i + 1) % parts === 0) await step();
 * }
 * ```
 */
export class GradientAccumulator implements Stateful {
  readonly #parameters: readonly Parameter[];
  readonly #sums: readonly Variable[];

  /** For the parameters of a model or an optimiser; the sums are 0 at first. */
  constructor(model: Stateful) {
    takesModel(arguments);
    // An optimiser's variables are flat vectors, whose parts are the parameters.
    const all = model.variables().flatMap((x) => [x, ...x.parts]);
    this.#parameters = [...new Set(all)].filter((x): x is Parameter => x instanceof Parameter);
    this.#sums = this.#parameters.map((x) => new Variable(zeros(x.shape), `gradient of ${x.name}`));
  }

  /** Adds the gradients that `backward()` has left to the sums, and forgets them. */
  add(): void {
    this.#parameters.forEach((parameter, i) => {
      const { grad } = parameter;
      if (!grad) return;
      const sum = this.#sums[i]!;
      sum.assign(sum.add(grad));
      // A part of how the sum is used: a program that was made before there was a gradient is outdated.
      sum.layout = 1;
      parameter.grad = null;
    });
  }

  /** Gives each parameter its sum as gradient, for `step()` and what comes before it; the sums are 0 again. Without one it has none. */
  take(): void {
    this.#parameters.forEach((parameter, i) => {
      const sum = this.#sums[i]!;
      if (sum.layout === 0) return;
      parameter.grad = sum.detach("the sum of gradients");
      sum.assign(zeros(sum.shape));
    });
  }

  /** The sums that there are, by number in the order of the parameters, each name with `prefix` before it. */
  stateDict(prefix = ""): Record<string, Tensor> {
    return stateDictOf(this.#entries().filter(({ variable }) => variable.layout > 0), prefix);
  }

  /**
   * Takes over the sums of another one, for the same parameters. A parameter whose sum is not there has none.
   *
   * @throws PlumblineError G301 that lists what is unexpected, or of another shape; then nothing was loaded.
   */
  loadStateDict(state: StateDict, options: LoadOptions = {}): LoadResult {
    const { prefix = "" } = options;
    const [there, others] = [this.#entries(), new Set(this.#sums)];
    const given = there.filter(({ key }) => Object.hasOwn(state, prefix + key));
    const result = loadEntries(given, state, options, "the sums of gradients");
    for (const { variable } of given) {
      variable.layout = 1;
      others.delete(variable);
    }
    for (const variable of others) {
      variable.assign(zeros(variable.shape));
      variable.layout = 0;
    }
    return result;
  }

  #entries(): StateEntry[] {
    return this.#sums.map((variable, i) => ({ key: `${i}`, path: `${i}`, variable }));
  }

  /** The sums. */
  variables(): Variable[] {
    return [...this.#sums];
  }
}

takeOnly(GradientAccumulator, {
  add: {},
  take: {},
  stateDict: { prefix: kind.optional(kind.text) },
  loadStateDict: loadParameters,
});
