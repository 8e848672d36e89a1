/**
 * Freeze-replay: proves where a value leaves the graph, through any arithmetic of the host. A loss is run again with all random
 * streams as they were, its parameters moved a little; what was read before may be frozen at its old numbers. Declared stops are
 * always frozen, so what they hide is no difference.
 */

import { evaluate } from "../tensor/settle.ts";
import { rememberFunction } from "../graph/cell.ts";
import { constant, type Node } from "../graph/node.ts";
import { pending } from "../graph/pending.ts";
import type { Storage } from "../graph/storage.ts";
import { allocate, type TypedArray } from "../graph/types.ts";
import { HostRandom } from "../tensor/host_random.ts";
import { fromData, type Tensor } from "../tensor/tensor.ts";
import { resultOf } from "../tensor/transforms.ts";
import type { Parameter, Variable } from "../tensor/variable.ts";
import { type Drop, learnersAt, learnersOf, type Restorable, watched, type Watcher } from "../forensics/reads/drops.ts";
import type { Learner } from "../forensics/flow/edges.ts";
import { isDeclared, isSampled } from "../forensics/flow/label.ts";

/** A loss, computed afresh at each call. */
export type LossFunction = () => Tensor | Promise<Tensor>;

/** A line of the first run that may be frozen: all that was read there, or detached there, however often a loop came by. */
export interface Freezable {
  readonly drop: Drop | null;
  readonly stop: Node | null;
  readonly learners: ReadonlySet<Learner>;
}

interface Read {
  readonly drop: Drop;
  readonly data: TypedArray;
}

const seed = 0;

function lineOf({ drop, stop }: Pick<Freezable, "drop" | "stop">): string {
  return `${drop ? drop.kind : "stop"} ${(drop ?? stop)!.site.key}`;
}

function copyOf(data: TypedArray): TypedArray {
  return data.slice() as TypedArray;
}

/** One loss that is run many times from the same state. */
export class FrozenLoss implements Watcher {
  readonly #reads: Read[] = [];
  readonly #stops: Node[] = [];
  readonly #stopValues: Storage[] = [];
  readonly #before = new Map<Variable, Node>();
  readonly #streams = new Map<Restorable, readonly number[]>();
  #isFirst = true;
  #read = 0;
  #stop = 0;
  #frozen: Freezable | null = null;

  /** The loss of the first run. */
  loss!: Tensor;

  private constructor(readonly fn: LossFunction) {}

  /** Runs `fn` for the first time. */
  static async record(fn: LossFunction): Promise<FrozenLoss> {
    const replay = new FrozenLoss(rememberFunction(fn));
    replay.loss = await replay.#run();
    replay.#isFirst = false;
    if (replay.#stops.length > 0) await evaluate(replay.#stops);
    replay.#stopValues.push(...replay.#stops.map((x) => x.value!));
    return replay;
  }

  /** After the first run nothing is remembered any more. */
  get quiet(): boolean {
    return !this.#isFirst;
  }

  /** What `learner` went through and may be frozen, a line each: reads first, then stops without a reason. */
  candidates(learner: Learner): Freezable[] {
    const reads = this.#reads.map(({ drop }): Freezable => {
      const learners = new Set(learnersAt(drop));
      return { drop, stop: null, learners };
    });
    const stops = this.#stops.filter((x) => !isDeclared(x) && !isSampled(x)).map((stop): Freezable => {
      return { drop: null, stop, learners: learnersOf(stop.inputs) };
    });
    const lines = Map.groupBy([...reads, ...stops].filter((x) => x.learners.has(learner)), (x) => lineOf(x));
    return [...lines.values()].map(([first]) => first!);
  }

  /** The loss with `parameter` moved by `step`, and one place frozen. */
  async at(parameter: Parameter, step: Float32Array, frozen: Freezable | null = null): Promise<number> {
    const { root } = parameter;
    const before = root.node;
    const mark = pending.mark();
    await evaluate([parameter.node]);
    const values = Float32Array.from(await parameter.node.value!.read(), (x, i) => x + step[i]!);
    parameter.assign(fromData(values, "float32", parameter.shape, parameter.axes));
    this.#frozen = frozen;
    try {
      const loss = await this.#run();
      await evaluate([loss.node]);
      return Number((await loss.node.value!.read())[0]);
    } finally {
      pending.rewind(mark);
      root.replace(before);
    }
  }

  async #run(): Promise<Tensor> {
    this.#read = this.#stop = 0;
    const mark = pending.mark();
    const stream = new HostRandom(seed);
    const random = Math.random;
    Math.random = () => stream.next();
    try {
      return await watched(this, async () => resultOf(await this.fn(), "audit()"));
    } finally {
      Math.random = random;
      pending.rewind(mark);
      for (const [variable, node] of this.#before) variable.replace(node);
      for (const [source, state] of this.#streams) source.restore(state);
    }
  }

  /** A watcher's part. */
  read(drop: Drop, data: TypedArray): TypedArray {
    if (this.#isFirst) {
      this.#reads.push({ drop, data: copyOf(data) });
      return data;
    }
    const old = this.#reads[this.#read++];
    return old && this.#isFrozen(old.drop, null) && old.data.length === data.length ? copyOf(old.data) : data;
  }

  /** A watcher's part. */
  stop(node: Node): Node {
    if (this.#isFirst) {
      if (!node.traced) this.#stops.push(node);
      return node;
    }
    if (node.traced) return node;
    const index = this.#stop++;
    const old = this.#stops[index];
    if (!old || String(old.shape) !== String(node.shape)) return node;
    const isFrozen = isDeclared(old) || isSampled(old) || this.#isFrozen(null, old);
    return isFrozen ? constant(node, this.#stopValues[index]!) : node;
  }

  #isFrozen(drop: Drop | null, stop: Node | null): boolean {
    return this.#frozen !== null && lineOf(this.#frozen) === lineOf({ drop, stop });
  }

  /** A watcher's part. */
  assigned(variable: object, before: Node): void {
    if (!this.#before.has(variable as Variable)) this.#before.set(variable as Variable, before);
  }

  /** A watcher's part. */
  drew(source: Restorable): void {
    if (!this.#streams.has(source)) this.#streams.set(source, source.state());
  }
}

/** Random signs times `size`: a direction that no gradient is orthogonal to by design. */
export function direction(random: HostRandom, length: number, size: number): Float32Array {
  const step = allocate("float32", length) as Float32Array;
  let bits = 0;
  for (let i = 0; i < length; i++) {
    if (i % 32 === 0) bits = random.bits();
    step[i] = (bits >>> (i % 32)) & 1 ? size : -size;
  }
  return step;
}
