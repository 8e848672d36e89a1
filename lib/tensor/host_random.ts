/** Random numbers on the host, from the same generator as the engines': initial weights, orders of minibatches. */

import { onDraw } from "../forensics/reads/drops.ts";
import { signature, takeOnly } from "../graph/arguments.ts";
import * as kind from "../graph/kinds.ts";
import { RandomStream } from "../graph/random_stream.ts";
import { keyOfSeed } from "../graph/threefry.ts";
import { fromData, type Tensor } from "./tensor.ts";

const takesSeed = signature("new HostRandom()", { seed: kind.number });
/** Of what draws one number, which loops call. */
const takesNothing = signature("a draw of one number", {});

/** A stream of random numbers that starts from a seed, and gives keys for those of tensors. */
export class HostRandom extends RandomStream {
  /** Starts from a seed: an integer in [0, 2^53). */
  constructor(seed: number) {
    takesSeed(arguments);
    super(keyOfSeed(seed));
  }

  /** 32 random bits. */
  override bits(): number {
    takesNothing(arguments);
    onDraw(this);
    return super.bits();
  }

  /** A new stream that shares nothing with this one. */
  split(): HostRandom {
    const child = new HostRandom(0);
    child.restore([this.bits(), this.bits(), 0, 0]);
    return child;
  }

  /** A key for tensors' random numbers. */
  key(): Tensor {
    return fromData(new Uint32Array([this.bits(), this.bits()]), "uint32", [2]);
  }
}

takeOnly(HostRandom, {}, ["bits"]);
