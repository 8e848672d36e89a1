/** What may change: a Variable holds a value that is assigned; a Parameter is a Variable that learns. */

import { signature, takeOnly } from "../graph/arguments.ts";
import { instance, optional, text } from "../graph/kinds.ts";
import { onAssign } from "../forensics/reads/drops.ts";
import { PlumblineError } from "../graph/error.ts";
import { constant, type Node, nodeCount } from "../graph/node.ts";
import { callerSite, type Making, makingSite, type Site, withSite } from "../graph/site.ts";
import * as ops from "../graph/ops.ts";
import { Storage } from "../graph/storage.ts";
import { describe, sameShape, sizeOf } from "../graph/types.ts";
import { pending } from "../graph/pending.ts";
import { keepForWaiting } from "../graph/waiting.ts";
import { refuseImitation } from "./refuse.ts";
import { Tensor } from "./tensor.ts";
import { isTracing, mayAssign, noteAssignment, noteGradient } from "../graph/trace.ts";

const tensor = instance("a tensor", Tensor);
const named = { value: tensor, name: optional(text) };
const takesVariable = signature("new Variable()", named);
const takesParameter = signature("new Parameter()", named);

/** Anything that has variables: a Variable, a module, an optimiser, a random generator. */
export interface Stateful {
  /** The variables, each once. */
  variables(): Variable[];
}

/**
 * A tensor whose value may be assigned. Tensors made from it before keep the value that it had then; but a compiled step that
 * replaces the value takes the memory of the old one, and tensors made from that which were not computed yet throw G202.
 */
export class Variable extends Tensor implements Stateful {
  /** The parameters whose numbers lie in this flat vector. */
  readonly parts: Parameter[] = [];
  #current: Node;
  #version = 0;

  /**
   * For the library: how often its use has changed. A compiled function that has it as state is traced again then.
   *
   * @internal
   */
  layout = 0;

  /**
   * For the library: how many nodes there were before it.
   *
   * @internal
   */
  readonly madeAfter: number = nodeCount();

  readonly #making: Making = makingSite();
  #path: { path: string; root: Stateful & { readonly label: string } } | null = null;

  /** Starts with `value`; the name is for errors and checkpoints. */
  constructor(value: Tensor, readonly name = "variable") {
    takesVariable(arguments);
    super(value.node);
    this.#current = this.own(value.node);
  }

  /**
   * For the library: the graph node of the current value.
   *
   * @internal
   */
  override get node(): Node {
    if (!(#current in this)) refuseImitation();
    return this.#current;
  }

  /** The user's line that made it. */
  get madeAt(): Site {
    return this.#making.site;
  }

  /** The name that the user gave to what it was made for: `optimizer`, of the vector that it keeps; null if there is none. */
  get givenName(): string | null {
    const { site, count } = this.#making;
    return site.nameOfMade(count) ?? callerSite().nameOf(this);
  }

  /** The name for messages of the module that it is in, or of what it was made for; null if it stands alone. */
  get group(): string | null {
    if (!this.#path) lookForPlaces();
    if (this.#path) return this.#path.root.label;
    return this.#isOwn() ? null : this.givenName;
  }

  /** The name for messages: the path from its module, `pi.layers.0.weight`; else its own name, or that of the user's variable. */
  get label(): string {
    const { group } = this;
    if (group !== null) return `${group}.${this.#path?.path ?? this.name}`;
    const isNamed = this.name !== "parameter" && this.name !== "variable";
    return isNamed || !this.#isOwn() ? this.name : this.givenName ?? this.name;
  }

  /** Whether the user made it, not what the user made. */
  #isOwn(): boolean {
    return this.madeAt.called === "Parameter" || this.madeAt.called === "Variable";
  }

  /** For people: its kind and name, dtype, shape and axis names. */
  override toString(): string {
    return `${this.constructor.name} \`${this.label}\` ${describe(this.node)}`;
  }

  /** For modules: where it is found from `root`. The longest path is kept: that of the outermost module. */
  placeIn(root: Stateful & { readonly label: string }, path: string): void {
    if (path.split(".").length > (this.#path?.path.split(".").length ?? 0)) this.#path = { path, root };
  }

  /** For messages: whether the module that it was found in still has it; `true` if it was in none. */
  get isInPlace(): boolean {
    return this.#path === null || this.#path.root.variables().includes(this);
  }

  /** How often it was assigned. */
  get version(): number {
    return this.#version;
  }

  /**
   * Replaces the value by one of the same shape and dtype. No gradient flows through an assignment.
   *
   * @throws PlumblineError G301 for another shape or dtype, G105 inside of a scan that does not carry the variable, G202 for
   * a tensor of a trace that has ended.
   */
  assign(value: Tensor): void {
    checkFits(this, value);
    this.put(value, againIfKnown(this, value));
  }

  /**
   * For the library: assigns `value`, which fits. `again`: what repeats it if a step is taken back that it was a part of.
   *
   * @internal
   */
  put(value: Tensor, again: (() => void) | null): void {
    const { node } = value;
    if (!mayAssign(this)) {
      throw new PlumblineError({
        code: "G105",
        message: `\`${this.label}\` was assigned inside the step of a scan that does not carry it.`,
        made: [node],
        help:
          "name it as state, so that each step finds what the one before assigned: scan(step, init, xs, { state }).",
      });
    }
    if (node.traced && !isTracing()) {
      throw new PlumblineError({
        code: "G202",
        message: `\`${this.label}\` was assigned a tensor of a traced function after the trace had ended.`,
        made: [node],
        help: "return the tensor from the compiled function and assign what the call gives.",
      });
    }
    const before = this.#current;
    if (!isTracing()) {
      pending.tell();
      keepForWaiting(this, before);
    }
    onAssign(this, before);
    noteAssignment(this, before);
    const owned = this.own(node);
    this.replace(owned);
    if (!isTracing()) pending.add({ variable: this, node: owned, before, again });
  }

  /** The variable that holds the numbers: itself, or the flat vector that it is a part of. */
  get root(): Variable {
    return this;
  }

  /** Itself. */
  variables(): Variable[] {
    return [this];
  }

  /**
   * For the library: puts a node in the place of the value, as tracing does. Gives the node that was there.
   *
   * @internal
   */
  replace(node: Node): Node {
    const before = this.#current;
    this.#current = node;
    this.#version++;
    return before;
  }

  /**
   * For the library: forgets what was made of a value from before.
   *
   * @internal
   */
  release(node: Node): void {
    for (const part of this.parts) part.release(node);
  }

  /**
   * For the library: the value is in `storage`; `hold` is given its node if that is not the current one.
   *
   * @internal
   */
  adopt(storage: Storage, hold: (node: Node) => void = (node) => this.replace(node)): void {
    const node = constant(this.node, storage, this.name);
    node.owner = this;
    hold(node);
  }

  /**
   * For the library: a node of this value that is this variable's own, through which no gradient flows.
   *
   * @internal
   */
  protected own(node: Node): Node {
    const owned = ops.stopGradient(node, `the value of ${this.name}`);
    owned.owner = this;
    const host = node.value?.host;
    if (host) owned.value = new Storage(node.dtype, host.length, host.slice());
    return owned;
  }
}

/** What may have variables in its fields. */
interface Holder {
  namedVariables(): unknown;
}

const holdersKept = 1024;
const holders = new Set<WeakRef<Holder>>();

/** For modules: `holder` may have variables in its fields, which learn of it when a message names them. */
export function rememberHolder(holder: Holder): void {
  holders.add(new WeakRef(holder));
  if (holders.size > holdersKept) holders.delete(holders.values().next().value!);
}

function lookForPlaces(): void {
  for (const holder of holders) holder.deref()?.namedVariables();
}

/** Assigns once more what is known, so that no step which fails is the reason to lose it; null for what is yet to be computed. */
function againIfKnown(variable: Variable, value: Tensor): (() => void) | null {
  if (value.node.value === null) return null;
  return () => {
    if (!value.node.value?.isVoid) variable.assign(value);
  };
}

/** Throws G301 unless `value` has the shape and dtype of `variable`. */
function checkFits(variable: Variable, { node }: Tensor): void {
  if (node.dtype === variable.dtype && sameShape(node.shape, variable.shape)) return;
  throw new PlumblineError({
    code: "G301",
    message: `\`${variable.label}\` is ${describe(variable.node)}; it cannot be assigned ${describe(node)}.`,
    made: [node],
  });
}

/** A variable that learns: `backward()` adds to its gradient, an optimiser changes it. */
export class Parameter extends Variable {
  /** Whether `backward()` gives it a gradient. */
  requiresGrad = true;
  /** Whether no loss needs it yet: see `joinsLater()`. */
  joinsLater = false;
  /** The gradient that `backward()` left, of the parameter's shape. */
  grad: Tensor | null = null;
  #part: { vector: Variable; offset: number } | null = null;
  /** The part as a node, for each value of the vector: who puts an old value back finds the old node. */
  readonly #views = new WeakMap<Node, Node>();

  /** Starts with `value`, which must be float32. */
  constructor(value: Tensor, name = "parameter") {
    takesParameter(arguments);
    super(value, name);
    if (value.dtype !== "float32") {
      throw new PlumblineError({
        code: "G301",
        message: `a parameter is float32; \`${name}\` was given ${describe(value.node)}.`,
      });
    }
  }

  /**
   * For the library: the graph node of the current value, cut out of the optimiser's vector where there is one.
   *
   * @internal
   */
  override get node(): Node {
    if (!(#part in this)) refuseImitation();
    if (!this.#part) return super.node;
    const { vector, offset } = this.#part;
    let view = this.#views.get(vector.node);
    if (!view) {
      const { shape, axes } = super.node;
      // At the line that assigned the vector, not at the one that happens to ask first.
      view = withSite(vector.node.site, () => {
        const flat = ops.slice(vector.node, [offset], [offset + sizeOf(shape)]);
        return this.own(ops.reshape(flat, shape, axes));
      });
      this.#views.set(vector.node, view);
    }
    return view;
  }

  /**
   * For the library: as {@linkcode Variable.release}.
   *
   * @internal
   */
  override release(node: Node): void {
    this.#views.delete(node);
  }

  /** The flat vector of the optimiser that owns it, or itself. */
  override get root(): Variable {
    return this.#part?.vector ?? this;
  }

  /**
   * As {@linkcode Variable.assign}; what an optimiser owns changes in its vector.
   *
   * @throws PlumblineError as there.
   */
  override assign(value: Tensor): void {
    if (!this.#part) return super.assign(value);
    checkFits(this, value);
    const { vector, offset } = this.#part;
    const end = offset + this.size;
    const part = value.reshape(value.size);
    const parts = [vector.slice(0, 0, offset), part, vector.slice(0, end)].map((x) => x.node);
    const whole = new Tensor(ops.concat(parts.filter((x) => x.shape[0] !== 0), 0));
    vector.put(whole, againIfKnown(this, value));
  }

  /** For optimisers: throws G501 if it belongs to one already. */
  refuseOwned(): void {
    if (!this.#part) return;
    const { vector } = this.#part;
    throw new PlumblineError({
      code: "G501",
      message: `the parameter \`${this.label}\` has an owner already, ${ownerName(vector)}, and was given to another`,
      sites: [
        { site: callerSite(), note: "given here" },
        { site: vector.madeAt, note: `${ownerName(vector)} holds it` },
      ],
      params: [this.label],
      help: "give each parameter to one optimiser; for several learning rates use its groups.",
    });
  }

  /** For optimisers: from now on this parameter is a part of a flat vector, which already holds its value. */
  becomePart(vector: Variable, offset: number): void {
    this.refuseOwned();
    this.#part = { vector, offset };
    vector.parts.push(this);
  }

  /** As that of a {@linkcode Variable}; one that does not learn says so. */
  override toString(): string {
    return `${super.toString()}${this.requiresGrad ? "" : ", frozen"}`;
  }

  /** For `backward()`: adds to the gradient. */
  accumulate(g: Tensor): void {
    noteGradient(this);
    this.grad = this.grad ? this.grad.add(g) : g;
  }
}

/** What a vector belongs to, as a person calls it. */
const ownerName = ({ givenName, madeAt }: Variable): string => givenName ? `\`${givenName}\`` : `the one at ${madeAt}`;

/** Assigns all of the values, or none: throws G301 if one does not fit its variable. */
export function assignAll(values: readonly (readonly [Variable, Tensor])[]): void {
  for (const [variable, value] of values) checkFits(variable, value);
  for (const [variable, value] of values) variable.assign(value);
}

const internal = [
  "placeIn",
  "put",
  "replace",
  "release",
  "adopt",
  "own",
  "becomePart",
  "refuseOwned",
  "accumulate",
];
takeOnly(Variable, { assign: { value: tensor } }, internal);
takeOnly(Parameter, { assign: { value: tensor } }, internal);

/** The root variables of some stateful things, each once. */
export function rootVariables(state: readonly Stateful[]): Variable[] {
  return [...new Set(state.flatMap((x) => x.variables()).map((x) => x.root))];
}
