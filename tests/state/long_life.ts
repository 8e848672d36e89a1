/**
 * A program for long_life_test.ts, run with gc(). `abandoned DEVICE`: prints what engines hold of compiled functions that nobody has any
 * more, beside what they hold of one. `steps DEVICE N`: prints by how many bytes memory grows in N steps after the first tenth, by kind.
 */

import {
  Adam,
  compile,
  type Device,
  HostRandom,
  liveBytes,
  MLP,
  Module,
  type Tensor,
  tensor,
  useDevice,
} from "../../mod.ts";

const [what, device, count] = Deno.args;
await useDevice(device as Device);

const { gc } = globalThis as unknown as { gc(): void };

/** Collects what nobody refers to, and lets those know who wait for that. */
async function collect(): Promise<void> {
  for (let i = 0; i < 4; i++) {
    gc();
    await new Promise((done) => setTimeout(done, 5));
  }
}

const sum = (held: Record<string, number>): number => Object.values(held).reduce((a, b) => a + b, 0);

function training(sizes: number[], x: Tensor) {
  const net = new MLP(sizes, new HostRandom(0));
  const optimizer = new Adam(net.parameters(), { lr: 1e-3 });
  const step = (x: Tensor): Tensor => {
    const loss = net.forward(x).square().mean();
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    return loss;
  };
  return { step, compiled: compile(step, { state: [net, optimizer] }), x };
}

/** An agent whose step is a field of the module that it trains. */
class Agent extends Module {
  readonly net = new MLP([8, 256, 256, 1], new HostRandom(0));
  readonly optimizer = new Adam(this.net.parameters(), { lr: 1e-3 });
  readonly step = compile((x: Tensor) => {
    const loss = this.forward(x).square().mean();
    loss.backward();
    this.optimizer.step();
    return loss;
  }, { state: [this.net, this.optimizer] });

  forward(x: Tensor): Tensor {
    return this.net.forward(x);
  }
}

const small = tensor([[1, 2]]);
const large = tensor(new Float32Array(64 * 8).fill(0.1), { shape: [64, 8] });

async function abandoned(): Promise<number[]> {
  const make = async (): Promise<void> => {
    const { compiled, x } = training([8, 256, 256, 1], large);
    for (let i = 0; i < 2; i++) await (await compiled(x)).item();
    await new Agent().step(x);
  };
  await make();
  const one = sum(liveBytes());
  for (let i = 0; i < 10; i++) await make();
  await collect();
  return [sum(liveBytes()), one];
}

/** Memory now. */
function used(): number {
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external + sum(liveBytes());
}

/** Memory after `n` calls of `step`. */
async function after(n: number, step: (i: number) => unknown): Promise<number> {
  for (let i = 0; i < n; i++) await step(i);
  await collect();
  return used();
}

/** Memory in the middle of a loop that awaits nothing, after `n` calls of `step`: not even weak references let anything go there. */
function within(n: number, step: () => unknown): number {
  for (let i = 0; i < n; i++) step();
  for (let i = 0; i < 2; i++) gc();
  return used();
}

async function growth(n: number): Promise<Record<string, number>> {
  const grown: Record<string, number> = {};
  const { step, compiled, x } = training([2, 3, 1], small);
  const kinds = { compiled: () => compiled(x), uncompiled: () => Promise.resolve(step(x)) };
  for (const reads of [true, false]) {
    for (const [kind, call] of Object.entries(kinds)) {
      const deed = async (): Promise<unknown> => reads ? await (await call()).item() : void await call();
      const before = await after(n / 10, deed);
      grown[`${kind} ${reads ? "read" : "unread"}`] = await after(n - n / 10, deed) - before;
    }
  }
  // Its weights are so many that an engine looks whether it has them already.
  const wide = training([16, 256, 1], tensor([Array(16).fill(0.1)]));
  const onlyMade = (): unknown => wide.step(wide.x);
  const before = within(n / 10, onlyMade);
  grown["uncompiled, unread, and nothing awaited"] = within(n - n / 10, onlyMade) - before;
  return grown;
}

console.log(JSON.stringify(what === "abandoned" ? await abandoned() : await growth(Number(count))));
Deno.exit(0);
