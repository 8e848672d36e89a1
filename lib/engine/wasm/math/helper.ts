/** How a helper function is written, and how it becomes the body of one. */

import { Code, type Constants } from "../encoder.ts";
import { type Integers, Vector, Writer } from "./value.ts";

/** What a function gives. */
export interface Formula {
  readonly result: Vector;
  /** A second result, in place of rare values. */
  readonly second?: Vector;
  /** Another value where `where` is set. If it is nowhere, it is not computed. */
  readonly rare?: { readonly where: Integers; readonly value: Vector };
}

/** A function of vectors. */
export interface Helper {
  /** How many arguments it takes. */
  readonly arity: number;
  readonly formula: (...args: Vector[]) => Formula;
}

/** How the functions of a module are found. */
export interface Surroundings {
  readonly constants: Constants | null;
  /** The index of the function of {@linkcode writtenRare}. */
  readonly rare: () => number;
}

/** The function that `helper` describes. What is rare is a function of its own, so that this one is short. */
export function written({ arity, formula }: Helper, { constants, rare: indexOfRare }: Surroundings): Code {
  const args = Array.from({ length: arity }, (_, i) => Vector.at(i));
  const { result, second, rare } = formula(...args);
  if (second) return writtenBoth(result, second, arity, constants);
  const code = new Code(Array(arity).fill("v128"), ["v128"], constants);
  const writer = new Writer(code, rare ? [result, rare.where, rare.where] : [result]);
  writer.push(result);
  if (!rare) return code;
  const found = code.local("v128");
  code.set(found);
  writer.push(rare.where);
  code.op("v128.any_true").if(() => {
    for (let i = 0; i < arity; i++) code.get(i);
    code.op("call", indexOfRare()).get(found);
    writer.push(rare.where);
    code.op("v128.bitselect").set(found);
  });
  return code.get(found);
}

function writtenBoth(first: Vector, second: Vector, arity: number, constants: Constants | null): Code {
  const both = new Code(Array(arity).fill("v128"), ["v128", "v128"], constants);
  const writer = new Writer(both, [first, second]);
  writer.push(first);
  writer.push(second);
  return both;
}

/** The function of the rare values of `helper`. */
export function writtenRare({ arity, formula }: Helper, constants: Constants | null): Code {
  const code = new Code(Array(arity).fill("v128"), ["v128"], constants);
  const { rare } = formula(...Array.from({ length: arity }, (_, i) => Vector.at(i)));
  new Writer(code, [rare!.value]).push(rare!.value);
  return code;
}
