/** Sequential: modules one after another, by the names that PyTorch gives them: "0", "1" and so on. */

import { signature, takeOnly } from "../graph/arguments.ts";
import * as kind from "../tensor/kinds.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { Module } from "./module.ts";

const takesModules = signature("new Sequential()", {
  "..modules": kind.instance("a module", Module),
}, ([first]) => Array.isArray(first) ? "write new Sequential(...modules): it takes them one by one." : undefined);

/**
 * Modules one after another: what one gives goes into the next (torch.nn.Sequential). The entries are `net[0]`, `net[1]` ..
 *
 * @example
 * ```ts
 * import { HostRandom, Linear, ReLU, Sequential, zeros } from "@plumbline/plumbline";
 *
 * const random = new HostRandom(0);
 * const net = new Sequential(new Linear(4, 16, random), new ReLU(), new Linear(16, 2, random));
 * console.log(net.forward(zeros([8, 4])).shape, net.namedParameters()[0]![0]); // [ 8, 2 ] 0.weight
 * ```
 */
export class Sequential extends Module {
  /** The modules, first to last. */
  readonly [index: number]: Module;
  /** How many there are. */
  readonly length: number;

  /** In the order in which they are called. */
  constructor(...modules: readonly Module[]) {
    takesModules(arguments);
    super();
    // Fields of these names are what parameters are found and saved by.
    Object.assign(this, modules);
    this.length = modules.length;
  }

  /** What the last module gives. */
  forward(x: Tensor): Tensor {
    let y = x;
    for (let i = 0; i < this.length; i++) y = this[i]!.forward(y);
    return y;
  }
}

takeOnly(Sequential, { forward: { x: kind.tensor } });
