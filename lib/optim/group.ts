/**
 * Parameters as one flat vector. A ParameterGroup owns the numbers of its parameters; a FlatVector remembers whose numbers
 * it holds, so that a step for the policy cannot be added to the parameters of policy and value together.
 */

import { signature, takeOnly } from "../graph/arguments.ts";
import { noteLeftOut } from "../forensics/steps/ownership.ts";
import { refuseVanishing } from "../forensics/flow/vanishing.ts";
import { auditMissing } from "../forensics/steps/first_step.ts";
import { PlumblineError } from "../graph/error.ts";
import { callerSite } from "../graph/site.ts";
import { zeros } from "../tensor/creation.ts";
import { concat } from "../tensor/functions.ts";
import * as kind from "../tensor/kinds.ts";
import { gradients } from "../tensor/transforms.ts";
import { Tensor } from "../tensor/tensor.ts";
import { type Parameter, type Stateful, Variable } from "../tensor/variable.ts";

const takesFlat = signature("new FlatVector()", { group: kind.text, tensor: kind.tensor });

/** One number for each entry of a group's parameters, `[size]`. */
export class FlatVector<G extends string = string> {
  /** `tensor` is `[size]` of the group. */
  constructor(readonly group: G, readonly tensor: Tensor) {
    takesFlat(arguments);
  }

  /** The number of entries. */
  get size(): number {
    return this.tensor.size;
  }

  /** Entry by entry. */
  add(other: FlatVector<G>): FlatVector<G> {
    return new FlatVector(this.group, this.tensor.add(this.#same(other, "added to")));
  }

  /** Entry by entry. */
  sub(other: FlatVector<G>): FlatVector<G> {
    return new FlatVector(this.group, this.tensor.sub(this.#same(other, "subtracted from")));
  }

  /** Every entry times `by`. */
  mul(by: Tensor | number): FlatVector<G> {
    return new FlatVector(this.group, this.tensor.mul(by));
  }

  /** The inner product, a scalar. */
  dot(other: FlatVector<G>): Tensor {
    return this.tensor.mul(this.#same(other, "multiplied with")).sum();
  }

  /** The Euclidean norm, a scalar. */
  norm(): Tensor {
    return this.tensor.norm();
  }

  #same(other: FlatVector<string>, how: string): Tensor {
    if (other.group === this.group && other.size === this.size) return other.tensor;
    throw new PlumblineError({
      code: "G306",
      message: `a vector of the group \`${other.group}\` (${other.size} entries) was ${how} one of the group ` +
        `\`${this.group}\` (${this.size} entries).`,
      sites: [
        callerSite(),
        { site: this.tensor.node.site, note: `${this.size} entries of \`${this.group}\`` },
        { site: other.tensor.node.site, note: `${other.size} entries of \`${other.group}\`` },
      ],
      help: "both must hold entries of the same parameters: take them from one ParameterGroup.",
    });
  }
}

/**
 * Those of `parameters` that learn. A group that is refused takes none of them over.
 *
 * @throws PlumblineError G502 if there are none, G501 if one belongs to an optimiser or group.
 */
export function freeParameters(name: string, parameters: readonly Parameter[]): readonly Parameter[] {
  const learning = [...new Set(parameters)].filter((x) => x.requiresGrad);
  if (learning.length === 0) {
    throw new PlumblineError({
      code: "G502",
      message: `the group \`${name}\` has no parameters that learn.${
        parameters.length > 0 ? ` Frozen: ${parameters.length} of ${parameters.length}.` : ""
      }`,
      help: parameters.length > 0
        ? [
          "make the optimiser when they are thawed: parameter.requiresGrad = true.",
          "frozen(net) freezes net itself: a target is another module of its sizes, target.loadStateDict(net.stateDict()).",
        ]
        : "pass model.parameters(): it finds what is in fields and arrays of modules, not in private fields, objects or maps.",
    });
  }
  for (const parameter of learning) parameter.refuseOwned();
  return learning;
}
const flat = kind.instance("a flat vector of a parameter group", FlatVector);
takeOnly(FlatVector, {
  add: { other: flat },
  sub: { other: flat },
  mul: { by: kind.tensorLike },
  dot: { other: flat },
});

/** Of `parameters` those that learn, and which of them have no gradient. */
export function learning(parameters: readonly Parameter[]): [parameters: Parameter[], missing: Set<Parameter>] {
  const some = parameters.filter((x) => x.requiresGrad);
  return [some, new Set(some.filter((x) => !x.grad))];
}

const add = (a: Tensor, b: Tensor): Tensor => a.add(b);

const takesGroup = signature("new ParameterGroup()", { name: kind.text, parameters: kind.parameters });

/** Parameters whose numbers lie in one vector, in order. A parameter belongs to one group at most. */
export class ParameterGroup<G extends string = string> implements Stateful {
  /** The parameters that learn, in order. */
  readonly parameters: readonly Parameter[];
  /** The numbers of all of them, `[size]`. */
  readonly vector: Variable;

  /** Takes over the numbers of the parameters; those with `requiresGrad` false are left out. */
  constructor(readonly name: G, parameters: readonly Parameter[]) {
    takesGroup(arguments);
    this.parameters = freeParameters(name, parameters);
    this.vector = new Variable(concat(this.parameters.map((x) => x.reshape(x.size))), `${name}.vector`);
    noteLeftOut(parameters.filter((x) => !x.requiresGrad));
    let offset = 0;
    for (const parameter of this.parameters) {
      parameter.becomePart(this.vector, offset);
      offset += parameter.size;
    }
  }

  /** The number of entries. */
  get size(): number {
    return this.vector.size;
  }

  /** The current values. */
  values(): FlatVector<G> {
    return new FlatVector(this.name, this.vector.detach("values of the group"));
  }

  /**
   * The gradients that `backward()` left; 0 where a parameter is frozen, was stopped with a reason, or no loss has used it.
   *
   * @throws PlumblineError G101 or G108 if one is cut from the loss, G107 if they were thrown away, G504 for the wrong parameters.
   */
  grads(): FlatVector<G> {
    auditMissing(...learning(this.parameters));
    return this.flatGrads();
  }

  /**
   * For optimisers, which ask for themselves: the gradients, 0 where there are none.
   *
   * @internal
   */
  flatGrads(): FlatVector<G> {
    return this.#flat(this.parameters.map((x) => x.grad ?? zeros(x.shape)));
  }

  /** The gradient of a scalar with respect to all parameters; entries that it does not reach are 0 if `allowUnused`. */
  gradient(loss: Tensor, allowUnused = false): FlatVector<G> {
    return this.#flat(gradients(loss, this.parameters, { allowUnused }));
  }

  /**
   * The Hessian of a scalar as its product with vectors. Of a mean KL divergence from a policy to itself it is Fisher's
   * information matrix, which TRPO and natural gradients need. It stays that of the values which the parameters have now.
   *
   * @throws PlumblineError G305 if `loss` is not a scalar, G101 if it does not depend on one of the parameters, G110 if it compares
   * a thing with itself: without a stop on one side its Hessian is 0.
   */
  hessian(loss: Tensor): (vector: FlatVector<G>) => FlatVector<G> {
    const values = this.parameters.map((x) => new Tensor(x.node));
    refuseVanishing(loss.node, values.map((x) => x.node), "the Hessian");
    const slope = this.#flat(gradients(loss, values));
    return (vector) => this.#flat(gradients(slope.dot(vector), values, { allowUnused: true }));
  }

  /**
   * The Gauss-Newton matrix of a loss of what a network gives, J^T H J, as its product with vectors: `outputs` are those of the
   * network, of which `loss` makes a scalar. Where the loss is at its least, as a mean KL divergence from a policy to itself is, it
   * is the Hessian, and so Fisher's matrix, for two thirds of the work. As {@linkcode hessian} it stays that of the present values.
   *
   * @throws PlumblineError G305 if `loss` gives no scalar, G101 if the outputs do not depend on one of the parameters, or the loss
   * on one of the outputs.
   *
   * @example
   * ```ts
   * import { FlatVector, Parameter, ParameterGroup, tensor } from "@plumbline/plumbline";
   *
   * const w = new Parameter(tensor([1, 2]), "w");
   * const group = new ParameterGroup("w", [w]);
   * const product = group.gaussNewton([w.mul(3)], ([y]) => y!.square().sum().div(2));
   * console.log(await product(new FlatVector("w", tensor([1, 10]))).tensor.toList()); // [9, 90]
   * ```
   */
  gaussNewton(
    outputs: readonly Tensor[],
    loss: (outputs: readonly Tensor[]) => Tensor,
  ): (vector: FlatVector<G>) => FlatVector<G> {
    const values = this.parameters.map((x) => new Tensor(x.node));
    const weighed = (weights: readonly Tensor[]): Tensor => outputs.map((y, i) => y.mul(weights[i]!).sum()).reduce(add);
    // J v is the derivative of J^T u along v with respect to u, whatever u is.
    const anything = outputs.map((y) => y.detach("the derivative does not depend on it"));
    const pulled = this.#flat(gradients(weighed(anything), values));
    const places = outputs.map((y) => y.detach("where the loss is bent"));
    const slopes = gradients(loss(places), places);
    return (vector) => {
      const pushed = gradients(pulled.dot(vector), anything);
      const bent = gradients(slopes.map((s, i) => s.mul(pushed[i]!).sum()).reduce(add), places, { allowUnused: true });
      return this.#flat(gradients(weighed(bent.map((x) => x.detach("a vector that is pulled back"))), values));
    };
  }

  /** Gives the parameters new values. */
  assign(values: FlatVector<G>): void {
    this.vector.assign(new FlatVector(this.name, zeros([this.size])).add(values).tensor);
  }

  /** The vector. */
  variables(): Variable[] {
    return [this.vector];
  }

  #flat(parts: readonly Tensor[]): FlatVector<G> {
    return new FlatVector(this.name, concat(parts.map((x) => x.reshape(x.size))));
  }
}

takeOnly(ParameterGroup, {
  gradient: { loss: kind.tensor, allowUnused: kind.optional(kind.boolean) },
  hessian: { loss: kind.tensor },
  gaussNewton: { outputs: kind.tensors, loss: kind.callable },
  assign: { values: flat },
});
