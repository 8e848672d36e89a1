/** How the tables of calls are written: a parameter is a right value, and wrong ones; wrong calls follow from them. */

import { type Tensor, tensor } from "../../mod.ts";

/** One parameter of a call. */
export interface Parameter {
  readonly right: () => unknown;
  readonly wrong: readonly unknown[];
  /** Whether it may be left out. */
  readonly optional: boolean;
}

// deno-lint-ignore no-explicit-any
type Callable = (...args: any[]) => unknown;

/** A call by its name, with its parameters in order. */
export interface Call {
  readonly name: string;
  readonly call: Callable;
  readonly parameters: readonly Parameter[];
  /** Whether the last parameter takes all arguments that are left. */
  readonly many: boolean;
  /** What a method is called on. */
  readonly target?: object;
  /** Whether the call with right arguments does more than a test should. */
  readonly isLong?: boolean;
}

/** A list and an object that hold themselves. */
const [round, loop]: [unknown[], Record<string, unknown>] = [[], {}];
round.push(round);
loop.x = loop;

/** Stands for a promise that fails: who refuses it must see to it, or the test fails by an unhandled rejection. */
const late = Symbol("a promise");
const some: Tensor = tensor([1, 2]);
/** What is awaited like a promise, and is none of JavaScript's. */
const thenable = { then: (resolve: () => void) => resolve() };

/** A parameter with wrong values of its own. */
export const own = (right: unknown, ...wrong: unknown[]): Parameter => {
  return { right: () => right, wrong: [late, ...wrong], optional: false };
};
/** The same with a right value that is made for each call. */
export const fresh = (right: () => unknown, parameter: Parameter): Parameter => ({ ...parameter, right });
/** A parameter that may be left out. */
export const maybe = (parameter: Parameter): Parameter => ({ ...parameter, optional: true });
export const aTensor = (right: unknown): Parameter =>
  own(right, null, 3, true, "x", [1, 2], {}, () => 1, new Date(0), round, loop, thenable);
export const tensorOrNumber = (right: unknown): Parameter => own(right, null, "3", [1, 2], {}, () => 1, 3n);
export const aNumber = (right: unknown): Parameter => own(right, null, "1", [1], {}, true, some, 3n);
export const wholeNumber = (right: unknown): Parameter =>
  own(right, null, "1", 1.5, NaN, [1], [Symbol()], {}, true, some);
export const truth = (right: unknown): Parameter => own(right, null, 1, "true", [], { keepDim: true }, some);
export const words = (right: unknown): Parameter => own(right, null, 3, true, ["a"], {}, some);
export const anAxis = (right: unknown): Parameter => own(right, null, 0.5, NaN, true, [0], {}, some);
export const someAxes = (right: unknown): Parameter => own(right, null, 0.5, true, [0.5], [null], {}, some);
export const aShape = (right: unknown): Parameter => own(right, null, 2, "2", [-1], [1.5], ["2"], {}, some);
export const aFunction = (right: unknown): Parameter => own(right, null, 3, "x", [], {}, some, class {});
export const aList = (right: unknown, ...wrong: unknown[]): Parameter => {
  return own(right, null, 3, "x", {}, some, [null], [{}], ...wrong);
};
/** An object that a call needs: `wrong` are others than these. */
export const anObject = (right: unknown, ...wrong: unknown[]): Parameter => {
  return own(right, null, 3, "x", true, [1], {}, some, ...wrong);
};
/** What holds values under no name: options in them would be left out. */
const classes: readonly unknown[] = [new Map([["lr", 1]]), new Date(0), new (class Settings {})()];
/** Options by name. */
export const options = (right: object, ...wrong: unknown[]): Parameter => {
  return maybe(
    own(right, null, 3, 3n, "x", true, [1], () => 1, some, { ...right, strange: 1 }, loop, ...classes, ...wrong),
  );
};

/** A function that takes these parameters. */
export const calls = (name: string, call: Callable, ...parameters: readonly Parameter[]): Call => {
  return { name, call, parameters, many: false };
};

// deno-lint-ignore no-explicit-any
type Class = abstract new (...args: any[]) => object;

/** A constructor. */
export const makes = (of: Class, ...parameters: readonly Parameter[]): Call => {
  return calls(`new ${of.name}`, (...args) => Reflect.construct(of, args), ...parameters);
};

/** A method of `target`, which is of the class named `of`. */
export const method = (of: string, target: object, name: string, ...parameters: readonly Parameter[]): Call => {
  const call: Callable = (...args) => Reflect.apply(Reflect.get(target, name), target, args);
  return { ...calls(`${of}.${name}`, call, ...parameters), target };
};

/** A call whose last parameter may be given many times. */
export const many = (call: Call): Call => ({ ...call, many: true });

/** A call that is not made with right arguments. */
export const long = (call: Call): Call => ({ ...call, isLong: true });

/** Right arguments. */
export const rightArguments = ({ parameters }: Call): unknown[] => parameters.map(({ right }) => right());

/** A wrong call: what is wrong in words, and the arguments, made anew. */
export interface Wrong {
  readonly what: string;
  readonly args: () => readonly unknown[];
  readonly isPromise: boolean;
}

function told(x: unknown): string {
  return typeof x === "function"
    ? "a function"
    : typeof x === "bigint"
    ? `${x}n`
    : String(Deno.inspect(x)).slice(0, 60);
}

/** The wrong calls that follow: one argument too many, one too few, one of another kind. */
export function wrongCalls(one: Call): Wrong[] {
  const { parameters, many } = one;
  const required = parameters.filter((x) => !x.optional).length;
  const surplus = many ? [] : [42, "more", {}].map((x): Wrong => ({
    what: `one more, ${JSON.stringify(x)}`,
    args: () => [...rightArguments(one), x],
    isPromise: false,
  }));
  const missing = Array.from({ length: required }, (_, i): Wrong => ({
    what: `${i} arguments`,
    args: () => rightArguments(one).slice(0, i),
    isPromise: false,
  }));
  const other = parameters.flatMap((parameter, i) =>
    parameter.wrong.map((x): Wrong => ({
      what: `argument ${i} as ${told(x)}`,
      args: () => rightArguments(one).with(i, x === late ? Promise.reject(new Error("nobody awaits this")) : x),
      isPromise: x === late,
    }))
  );
  return [...surplus, ...missing, ...other];
}
