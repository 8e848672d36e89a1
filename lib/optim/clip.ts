/** A clip of gradients that waits for its step: what it holds for, and what is said where it holds for nothing. */

import { areUsed } from "../forensics/steps/gradient_story.ts";
import { callerSite, type Site } from "../graph/site.ts";
import { isFrozenSince, isTracing, traceMark } from "../graph/trace.ts";
import { warn } from "../graph/warning.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Parameter } from "../tensor/variable.ts";

/** Optimisers a step of which has used a clip. */
const clipping = new WeakSet<object>();

/** What `clipGradNorm()` asks for. */
export class Clip {
  /** The norm of all gradients together, before. */
  readonly norm: Tensor;
  readonly #scale: Tensor;
  readonly #clipped: readonly (Tensor | null)[];
  readonly #site: Site = callerSite();
  readonly #mark = traceMark();

  /** Of the gradients that `parameters` have, which are also given as they are in each group: `[size]`. */
  constructor(
    readonly optimizer: object,
    readonly parameters: readonly Parameter[],
    readonly gradients: readonly Tensor[],
    readonly maxNorm: number,
  ) {
    this.norm = gradients.map((x) => x.square().sum()).reduce((a, b) => a.add(b)).sqrt();
    this.#scale = this.norm.add(1e-6).reciprocal().mul(maxNorm).minimum(1);
    this.#clipped = parameters.map((x) => x.grad);
  }

  /** Whether a step that is taken now is one that it was meant for: in the trace in which it was made, or outside of all. */
  get holds(): boolean {
    return !isFrozenSince(this.#mark) && (isTracing() || !this.norm.node.traced);
  }

  /** Whether it comes after the step that it was meant for; then it warns. A norm without a bound is only looked at. */
  isTooLate(): boolean {
    const stepped = this.parameters.filter((x) => x.grad);
    if (stepped.length === 0 || !areUsed(stepped)) return false;
    if (Number.isFinite(this.maxNorm)) {
      this.#warn("clipGradNorm() comes after step(), which has used the gradients already: nothing is clipped", [
        "call it between backward() and step().",
      ]);
    }
    return isTracing();
  }

  /** The gradients of each group for a step: those that were there are scaled, as in PyTorch; what was added since is not. */
  apply(gradients: readonly Tensor[]): Tensor[] {
    clipping.add(this.optimizer);
    if (this.parameters.every((x, i) => x.grad === this.#clipped[i])) return gradients.map((x) => x.mul(this.#scale));
    if (Number.isFinite(this.maxNorm)) {
      this.#warn(
        "clipGradNorm() comes before the gradient is complete: what backward() added after it is not clipped",
        [
          "call it after the last backward(), before step().",
        ],
      );
    }
    return gradients.map((x, i) => x.add(this.gradients[i]!.mul(this.#scale.sub(1))));
  }

  /** For `zeroGrad()`: the gradients are thrown away before a step. Whoever has read the norm may have meant that. */
  dropped(): void {
    if (!Number.isFinite(this.maxNorm) || clipping.has(this.optimizer) || this.norm.node.value !== null) return;
    this.#warn("the gradients that clipGradNorm() has clipped are thrown away by zeroGrad(), before a step()", [
      "call zeroGrad(), backward(), clipGradNorm(), step() in this order.",
    ]);
  }

  #warn(message: string, help: readonly string[]): void {
    const params = this.parameters.map((x) => x.label);
    warn({ code: "G113", message, sites: [{ site: this.#site, note: "clips here" }], params, help });
  }
}
