/** What the methods of a tensor take. */

import type { Advice, Methods, Parameters } from "../graph/arguments.ts";
import * as kind from "../graph/kinds.ts";
import { ofTwo } from "../graph/methods.ts";
import { namesOfKind } from "../graph/primitives.ts";

const { axis, axes, boolean, number, optional, orNull, whole } = kind;

/** A number or several where one list belongs, as NumPy has it: what was meant by `flip(0, 1)`. */
const inOneList = (name: string): Advice => (given) =>
  given.length > 1 && given.every(Number.isInteger)
    ? `several axes are given in one list: ${name}([${given.join(", ")}]).`
    : undefined;

/** Sizes in a list where they belong one by one. */
const oneByOne = (name: string): Advice => ([first]) =>
  Array.isArray(first) && kind.written(first)
    ? `give them one by one: ${name}(${first.join(", ")}), not ${name}([${first.join(", ")}]).`
    : undefined;

const reduction = (name: string): readonly [Parameters, Advice] => [
  { axis: optional(axes), keepDim: optional(boolean) },
  (given) =>
    given.length > 2 || (given.length === 2 && Number.isInteger(given[1])) ? inOneList(name)(given) : undefined,
];

const spread = (name: string): readonly [Parameters, Advice] => [
  { axis: optional(axes), options: kind.options({ correction: number, keepDim: boolean }, unbiased) },
  inOneList(name),
];

const unbiased = { unbiased: "PyTorch's unbiased: false is { correction: 0 }." };

const wholes = kind.either(whole, kind.listOf(whole, "a list of them"));

const find: Parameters = { axis: optional(axis), keepDim: optional(boolean) };

/** The methods of a tensor, and those that it has by other names, by the kinds of tensors and of what stands beside them. Those that are not named take nothing. */
export function tensorMethods(tensor: kind.Kind, tensorLike: kind.Kind): { methods: Methods; ofAliases: Methods } {
  const other = { other: tensor };
  const ofAliases = {
    ...Object.fromEntries(["viewAs", "reshapeAs", "expandAs", "mm", "bmm", "mv", "dot"].map((name) => [name, other])),
    narrow: { axis, start: whole, length: whole },
    indexSelect: { axis, index: tensor },
  };
  return { methods: methodsOf(tensor, tensorLike), ofAliases };
}

function methodsOf(tensor: kind.Kind, tensorLike: kind.Kind): Methods {
  const ofPairs = [...namesOfKind("binary", "compare"), ...Object.keys(ofTwo)];
  return {
    ...Object.fromEntries(ofPairs.map((name) => [name, { other: tensorLike }])),
    gelu: { approximate: optional(kind.oneOf("none", "tanh")) },
    elu: { alpha: optional(number) },
    leakyRelu: { slope: optional(number) },
    tril: { diagonal: optional(whole) },
    triu: { diagonal: optional(whole) },
    detach: { why: optional(orNull(kind.text)) },
    clamp: { low: optional(orNull(tensorLike)), high: optional(orNull(tensorLike)) },
    clampMin: { low: tensorLike },
    clampMax: { high: tensorLike },
    lerp: { end: tensor, weight: tensorLike },
    where: { condition: tensor, other: tensorLike },
    maskedFill: { mask: tensor, value: tensorLike },
    cast: { dtype: kind.dtype },
    sum: reduction("sum"),
    prod: reduction("prod"),
    mean: reduction("mean"),
    variance: spread("variance"),
    std: spread("std"),
    max: reduction("max"),
    min: reduction("min"),
    argmax: find,
    argmin: find,
    logSumExp: reduction("logSumExp"),
    norm: reduction("norm"),
    any: reduction("any"),
    all: reduction("all"),
    softmax: { axis, options: kind.options({ where: tensor }) },
    logSoftmax: { axis },
    cumsum: { axis, reverse: optional(boolean) },
    cumprod: { axis },
    sort: { axis: optional(axis), descending: optional(boolean) },
    argsort: { axis: optional(axis), descending: optional(boolean) },
    topk: { k: kind.count(0), axis: optional(axis), largest: optional(boolean) },
    roll: { shifts: wholes, axis: optional(axes) },
    repeat: [{ "..sizes": whole }, oneByOne("repeat")],
    tile: [{ "..sizes": whole }, oneByOne("tile")],
    movedim: { from: axis, to: axis },
    unflatten: { axis, sizes: kind.listOf(whole, "a list of whole numbers") },
    diagonal: { offset: optional(whole), a: optional(axis), b: optional(axis) },
    diag: { diagonal: optional(whole) },
    diagEmbed: { offset: optional(whole) },
    diagflat: { offset: optional(whole) },
    reshape: [{ "..sizes": whole }, oneByOne("reshape")],
    flatten: { first: optional(axis), last: optional(axis) },
    permute: [{ "..order": axis }, oneByOne("permute")],
    transpose: { a: optional(axis), b: optional(axis) },
    expand: [{ "..sizes": whole }, oneByOne("expand")],
    unsqueeze: { position: whole, name: optional(orNull(kind.text)) },
    squeeze: [{ axis: optional(axes) }, inOneList("squeeze")],
    slice: {
      axis,
      start: whole,
      end: optional(kind.either(whole, kind.kindOf("Infinity", (x) => x === Infinity))),
      step: optional(whole),
    },
    select: { axis, index: whole },
    split: { sizes: wholes, axis: optional(axis) },
    chunk: { count: number, axis: optional(axis) },
    unbind: { axis: optional(axis) },
    pad: { axis, before: whole, after: whole, value: optional(number) },
    flip: [{ axis: axes }, inOneList("flip")],
    named: { "..names": kind.axisName },
    take: { index: tensor, axis },
    gather: { axis, index: tensor },
    takeAlongAxis: { index: tensor, axis },
    scatterAdd: { axis, index: tensor, source: tensor },
    scatter: { axis, index: tensor, source: tensorLike },
    indexAdd: { axis, index: tensor, source: tensor, options: kind.options({ alpha: number }) },
    matmul: { other: tensor },
  };
}
