/**
 * A block of a graph (all of it, or the body of a loop) as numbers: what each operation costs on either way, who reads what, and
 * what it costs where one way reads what the other has computed. The search for the best division works on these.
 */

import { type Node, topological } from "../../graph/node.ts";
import { sizeOf } from "../../graph/types.ts";
import { perCall, portPrice, type Times } from "./prices.ts";

/** One of the two ways of the CPU engine. */
export type Way = "wasm" | "onnx";

/** A value, and who reads it. */
interface Value {
  /** The place of the operation that makes it; -1 for a leaf. */
  readonly maker: number;
  readonly users: number[];
  /** What it costs if it has to be in memory for the other way; of a leaf, if it is read by WebAssembly. */
  readonly price: number;
  readonly size: number;
}

/** What a block asks of those who know the graph. */
export interface Prices {
  timesOf(node: Node): Readonly<Times>;
  /** What it costs WebAssembly to read a leaf. */
  leafPrice(node: Node): number;
}

/** Whether an operation is computed by neither: its value is there. */
export type IsLeaf = (node: Node) => boolean;

/** A block, and on which way each of its operations is. */
export class Block {
  /** Operations in topological order. Outputs of a loop belong to the loop. */
  readonly nodes: readonly Node[];
  readonly ways: Way[];
  readonly #places: ReadonlyMap<Node, number>;
  readonly #times: readonly Readonly<Times>[];
  readonly #values: Value[] = [];
  /** The values that each operation makes or reads. */
  readonly #around: Value[][];
  readonly #makers: (readonly number[])[];

  readonly #isOutput: readonly boolean[];

  constructor(outputs: readonly Node[], isLeaf: IsLeaf, prices: Prices) {
    const order = topological(outputs);
    this.nodes = order.filter((x) => x.op !== "output" && !isLeaf(x));
    this.ways = this.nodes.map(() => "wasm");
    this.#places = new Map(this.nodes.map((x, i) => [x, i]));
    this.#times = this.nodes.map((x) => prices.timesOf(x));
    this.#around = this.nodes.map(() => []);
    const known = new Map<Node, Value>();
    this.#makers = this.nodes.map((node, i) => {
      const makers = new Set<number>();
      for (const x of new Set(node.inputs)) {
        const maker = this.placeOf(x) ?? -1;
        let value = known.get(x);
        if (!value) {
          const price = maker < 0 ? prices.leafPrice(x) : portPrice(x);
          known.set(x, value = { maker, users: [], price, size: sizeOf(x.shape) });
          this.#values.push(value);
          if (maker >= 0) this.#around[maker]!.push(value);
        }
        value.users.push(i);
        this.#around[i]!.push(value);
        if (maker >= 0) makers.add(maker);
      }
      return [...makers];
    });
    const given = new Set(outputs.map((x) => this.placeOf(x)));
    this.#isOutput = this.nodes.map((_, i) => given.has(i));
  }

  /** The place of the operation that makes a value. */
  placeOf(node: Node): number | undefined {
    return this.#places.get(node.op === "output" ? node.inputs[0]! : node);
  }

  /** What an operation would gain from ONNX Runtime, by itself. */
  gain(i: number): number {
    return this.#times[i]!.wasm - this.#times[i]!.onnx;
  }

  /** By how much the whole changes if one operation goes the other way, calls apart. */
  changeOf(i: number): number {
    const crossings = (): number => this.#around[i]!.reduce((sum, x) => sum + this.#crossing(x), 0);
    const before = crossings();
    this.flip([i]);
    const after = crossings();
    const own = this.ways[i] === "onnx" ? -this.gain(i) : this.gain(i);
    this.flip([i]);
    return own + after - before;
  }

  /** Sends operations the other way. */
  flip(places: Iterable<number>): void {
    for (const i of places) this.ways[i] = this.ways[i] === "wasm" ? "onnx" : "wasm";
  }

  #crossing({ maker, users, price }: Value): number {
    const way = maker < 0 ? "onnx" : this.ways[maker]!;
    return users.some((i) => this.ways[i] !== way) ? price : 0;
  }

  /**
   * Which operations run together: what has the same number, from 0. Those on ONNX Runtime have odd ones. None reads a value of
   * a greater number.
   */
  levels(): number[] {
    const levels: number[] = [];
    this.nodes.forEach((_, i) => {
      const way = this.ways[i]!;
      let level = way === "onnx" ? 1 : 0;
      for (const maker of this.#makers[i]!) {
        level = Math.max(level, levels[maker]! + (this.ways[maker] === way ? 0 : 1));
      }
      levels.push(level);
    });
    for (let i = this.nodes.length - 1; i >= 0; i--) if (this.ways[i] === "onnx") this.#sink(i, levels);
    return levels;
  }

  /** Moves an operation to those that use it, if what it reads is no more to be kept for that than what it makes. */
  #sink(i: number, levels: number[]): void {
    if (this.#isOutput[i]) return;
    let [level, balance] = [Infinity, 0];
    for (const { maker, users, size } of this.#around[i]!) {
      if (maker === i) {
        for (const user of users) level = Math.min(level, levels[user]! - (this.ways[user] === "onnx" ? 0 : 1));
      }
      balance += maker === i ? size : maker < 0 ? 0 : -size;
    }
    if (balance >= 0 && level < Infinity) levels[i] = level;
  }

  /**
   * What could change together: neighbours of the same number that read one another, all of one number, and those groups of one
   * number that lose or gain less than a call costs.
   */
  groups(levels: readonly number[]): number[][] {
    const root = this.nodes.map((_, i) => i);
    const find = (i: number): number => {
      while (root[i] !== i) i = root[i] = root[root[i]!]!;
      return i;
    };
    this.#makers.forEach((makers, i) => {
      for (const maker of makers) if (levels[maker] === levels[i]) root[find(maker)] = find(i);
    });
    const groups = [...collect(root.map(find)).values()];
    const light = groups.filter((x) => Math.abs(this.gainOf(x)) < perCall);
    const lightByLevel = [...collect(light.map((x) => levels[x[0]!]!)).values()].map((x) =>
      x.flatMap((k) => light[k]!)
    );
    return [...groups, ...lightByLevel, ...collect(levels).values()];
  }

  /** What operations would gain from ONNX Runtime, by themselves. */
  gainOf(places: readonly number[]): number {
    return places.reduce((sum, i) => sum + this.gain(i), 0);
  }

  /** How long the block takes. */
  time(levels: readonly number[] = this.levels()): number {
    const calls = new Set(levels.filter((x) => x % 2 === 1)).size;
    let total = calls * perCall;
    this.#times.forEach((x, i) => total += x[this.ways[i]!]);
    for (const x of this.#values) total += this.#crossing(x);
    return total;
  }
}

/** Which places have the same key. */
function collect(keys: readonly number[]): Map<number, number[]> {
  const all = new Map<number, number[]>();
  keys.forEach((key, i) => {
    const places = all.get(key);
    if (places) places.push(i);
    else all.set(key, [i]);
  });
  return all;
}
