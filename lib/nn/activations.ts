/** Activations and shapes as modules, for {@linkcode Sequential}: each calls the method of a tensor that its docs name. */

import { signature, takeOnly } from "../graph/arguments.ts";
import type { Axis } from "../tensor/axis.ts";
import * as kind from "../tensor/kinds.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { Module } from "./module.ts";

/** Base of modules without settings and parameters. */
export abstract class Stateless extends Module {
  /** Takes nothing. */
  constructor() {
    signature(`new ${new.target.name}()`, {})(arguments);
    super();
  }
}

/** `x` itself (torch.nn.Identity). */
export class Identity extends Stateless {
  /** `x`. */
  forward(x: Tensor): Tensor {
    return x;
  }
}

/** max(x, 0) (torch.nn.ReLU). */
export class ReLU extends Stateless {
  /** `x.relu()`. */
  forward(x: Tensor): Tensor {
    return x.relu();
  }
}

/** The hyperbolic tangent (torch.nn.Tanh). */
export class Tanh extends Stateless {
  /** `x.tanh()`. */
  forward(x: Tensor): Tensor {
    return x.tanh();
  }
}

/** 1 / (1 + exp(-x)) (torch.nn.Sigmoid). */
export class Sigmoid extends Stateless {
  /** `x.sigmoid()`. */
  forward(x: Tensor): Tensor {
    return x.sigmoid();
  }
}

/** x * sigmoid(x) (torch.nn.SiLU). */
export class SiLU extends Stateless {
  /** `x.silu()`. */
  forward(x: Tensor): Tensor {
    return x.silu();
  }
}

/** log(1 + exp(x)) (torch.nn.Softplus with its defaults). */
export class Softplus extends Stateless {
  /** `x.softplus()`. */
  forward(x: Tensor): Tensor {
    return x.softplus();
  }
}

for (const layer of [Identity, ReLU, Tanh, Sigmoid, SiLU, Softplus]) takeOnly(layer, { forward: { x: kind.tensor } });

const approximate = kind.optional(kind.oneOf("none", "tanh"));
const takesGELU = signature("new GELU()", { approximate });

/** x times the normal distribution function of x (torch.nn.GELU), exact or by its tanh approximation. */
export class GELU extends Module {
  /** Exact unless told otherwise. */
  constructor(readonly approximate: "none" | "tanh" = "none") {
    takesGELU(arguments);
    super();
  }

  /** `x.gelu(approximate)`. */
  forward(x: Tensor): Tensor {
    return x.gelu(this.approximate);
  }
}

const takesELU = signature("new ELU()", { alpha: kind.optional(kind.finite) });

/** x above 0, else alpha (exp(x) - 1) (torch.nn.ELU). */
export class ELU extends Module {
  /** `alpha` is 1 unless told otherwise. */
  constructor(readonly alpha = 1) {
    takesELU(arguments);
    super();
  }

  /** `x.elu(alpha)`. */
  forward(x: Tensor): Tensor {
    return x.elu(this.alpha);
  }
}

const takesLeakyReLU = signature("new LeakyReLU()", { negativeSlope: kind.optional(kind.finite) });

/** x above 0, else `negativeSlope` x (torch.nn.LeakyReLU). */
export class LeakyReLU extends Module {
  /** `negativeSlope` is 0.01 unless told otherwise. */
  constructor(readonly negativeSlope = 0.01) {
    takesLeakyReLU(arguments);
    super();
  }

  /** `x.leakyRelu(negativeSlope)`. */
  forward(x: Tensor): Tensor {
    return x.leakyRelu(this.negativeSlope);
  }
}

const takesSoftmax = signature("new Softmax()", { axis: kind.axis });
const takesLogSoftmax = signature("new LogSoftmax()", { axis: kind.axis });

/** exp(x) / sum(exp(x)) along an axis (torch.nn.Softmax). */
export class Softmax extends Module {
  /** Along `axis`. */
  constructor(readonly axis: Axis) {
    takesSoftmax(arguments);
    super();
  }

  /** `x.softmax(axis)`. */
  forward(x: Tensor): Tensor {
    return x.softmax(this.axis);
  }
}

/** The logarithm of softmax along an axis (torch.nn.LogSoftmax). */
export class LogSoftmax extends Module {
  /** Along `axis`. */
  constructor(readonly axis: Axis) {
    takesLogSoftmax(arguments);
    super();
  }

  /** `x.logSoftmax(axis)`. */
  forward(x: Tensor): Tensor {
    return x.logSoftmax(this.axis);
  }
}

const takesFlatten = signature("new Flatten()", { first: kind.optional(kind.axis), last: kind.optional(kind.axis) });

/** Axes `first` to `last` in one (torch.nn.Flatten): all but the first axis, which tells samples apart. */
export class Flatten extends Module {
  /** 1 and -1 unless told otherwise. */
  constructor(readonly first: Axis = 1, readonly last: Axis = -1) {
    takesFlatten(arguments);
    super();
  }

  /** `x.flatten(first, last)`. */
  forward(x: Tensor): Tensor {
    return x.flatten(this.first, this.last);
  }
}

for (const layer of [GELU, ELU, LeakyReLU, Softmax, LogSoftmax, Flatten]) {
  takeOnly(layer, { forward: { x: kind.tensor } });
}
