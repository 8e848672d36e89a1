/** Random numbers on the host, from the same generator as the engines': initial weights, orders of minibatches. */

import { onDraw } from "../forensics/reads/drops.ts";
import { refuseReceiver, signature, takeOnly } from "../graph/arguments.ts";
import { PlumblineError } from "../graph/error.ts";
import * as kind from "../graph/kinds.ts";
import { RandomStream } from "../graph/random_stream.ts";
import { callerSite } from "../graph/site.ts";
import { keyOfSeed } from "../graph/threefry.ts";
import { endTrace, isFrozenSince, traceMark } from "../graph/trace.ts";
import { fromData, type Tensor } from "./tensor.ts";

const takesSeed = signature("new HostRandom()", { seed: kind.number });
/** Of what draws one number, which loops call. */
const takesNothing = signature("a draw of one number", {});

function refuseFrozenDraw(): never {
  throw endTrace(
    new PlumblineError({
      code: "G203",
      message: "random numbers of the host were drawn in a traced function: it runs once, so they would stay for ever.",
      sites: [{ site: callerSite(), note: "drawn here" }],
      help: [
        "as state:        compile(fn, { state: [.., generator] }), and draw with a Generator: generator.normal([2, 3])",
        "as an argument:  step(x, random.key()), and draw by the key: normal(key, [2, 3])",
      ],
    }),
  );
}

/** A stream of random numbers that starts from a seed, and gives keys for those of tensors. */
export class HostRandom extends RandomStream {
  /** The traces that began before it: in one that begins later, what it draws would be frozen. */
  readonly #mark = traceMark();

  /** Starts from a seed: an integer in [0, 2^53). */
  constructor(seed: number) {
    takesSeed(arguments);
    super(keyOfSeed(seed));
  }

  /**
   * 32 random bits.
   *
   * @throws PlumblineError G203 inside of a traced function, as do all that draw: it runs once, so each call would have the same.
   */
  override bits(): number {
    if (!(this instanceof HostRandom && #mark in this)) refuseReceiver("bits", HostRandom, this);
    takesNothing(arguments);
    if (isFrozenSince(this.#mark)) refuseFrozenDraw();
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
