/** Who is accused: suspects belong to the loss in play, not to what was read for another one. */

import { deepStrictEqual as equal, ok, strictEqual } from "node:assert";
import { Adam, audit, compile, HostRandom, MLP, PlumblineError, SGD, type Tensor, tensor } from "../../mod.ts";

const random = new HostRandom(8);
const draw = (...s: number[]): Tensor => tensor(random.uniform(s.reduce((a, b) => a * b, 1), -1, 1), { shape: s });

/** What `program` throws. */
async function thrown(program: () => unknown): Promise<PlumblineError> {
  try {
    await program();
  } catch (error) {
    if (error instanceof PlumblineError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

/** A loss that is computed on the host: it reaches nothing. */
async function lost(net: MLP): Promise<Tensor> {
  const numbers = await net.forward(draw(8, 3)).data() as Float32Array;
  return tensor(numbers.map((x) => (x - 1) ** 2)).mean();
}

/** A cell with an experiment that is broken: everything in it is made anew. */
async function brokenCell(): Promise<void> {
  const value = new MLP([3, 6, 1], random);
  const optimizer = new Adam(value.parameters(), { lr: 1e-2 });
  const loss = await lost(value);
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
}

Deno.test("a cell that fails and is run again accuses the parameters of this run alone", async () => {
  for (let run = 0; run < 3; run++) {
    const error = await thrown(brokenCell);
    strictEqual(error.params.length, 4, error.message);
    ok(/^error\[G101\]: gradient cut: 4 parameters of `value` cannot/.test(error.message), error.message);
    ok(/audit: value\.\* suspected 4\/4\. backward\(\) refused/.test(error.message), error.message);
  }
});

Deno.test("a training that is over, whose losses were read after and before its steps, is not accused by the next", async () => {
  const critic = new MLP([3, 6, 1], random);
  const optimizer = new Adam(critic.parameters(), { lr: 1e-2 });
  for (let i = 0; i < 4; i++) {
    const error = critic.forward(draw(8, 3)).sub(1);
    const loss = error.square().mean();
    if (i % 2 === 0) await loss.item();
    optimizer.zeroGrad();
    loss.backward();
    await error.abs().mean().item();
    optimizer.step();
    if (i % 2 === 1) await loss.item();
  }
  await critic.forward(draw(8, 3)).mean().item();
  ok(/gradient cut: 4 parameters of `value` cannot/.test((await thrown(brokenCell)).message));
});

Deno.test("a compiled training that is over is not accused by the next", async () => {
  const critic = new MLP([3, 6, 1], random);
  const optimizer = new Adam(critic.parameters(), { lr: 1e-2 });
  const step = compile((x: Tensor) => {
    const loss = critic.forward(x).sub(1).square().mean();
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    return loss;
  }, { state: [optimizer] });
  for (let i = 0; i < 4; i++) await (await step(draw(8, 3))).item();
  ok(/gradient cut: 4 parameters of `value` cannot/.test((await thrown(brokenCell)).message));
});

Deno.test("a network that was only looked at before is not accused beside the one that is cut", async () => {
  const other = new MLP([3, 6, 1], random);
  await other.forward(draw(8, 3)).mean().item();
  const error = await thrown(brokenCell);
  ok(/gradient cut: 4 parameters of `value` cannot/.test(error.message), error.message);
});

Deno.test("a read by a helper is told with the line that asked for it: two that ask are two", async () => {
  const number = async (t: Tensor): Promise<number> => await t.item() as number;
  const gate = new MLP([3, 6, 1], random), net = new MLP([3, 6, 1], random);
  await number(gate.forward(draw(8, 3)).mean());
  const error = await thrown(async () => {
    const open = await number(net.forward(draw(8, 3)).sigmoid().mean());
    tensor(open).square().backward();
  });
  ok(/gradient cut: 4 parameters of `net` cannot/.test(error.message), error.message);
  const [reader] = error.sites;
  ok(reader?.text?.includes("const number = async"), error.message);
  ok(reader?.callers[0]?.text?.includes("const open = await number"), error.message);
  ok(/const open = await number\(.*\n.*-+ called from here/.test(error.message), error.message);
});

Deno.test("a loss that was refused is forgotten on every path: the next one has nothing to do with it", async () => {
  const first = new MLP([3, 6, 1], random), second = new MLP([3, 6, 1], random);
  const optimizer = new SGD(second.parameters(), { lr: 0.1 });
  const x = draw(8, 3);
  const refused: Record<string, () => unknown> = {
    G305: () => first.forward(x).square().backward(),
    G101: () => first.forward(x).detach().square().mean().backward(),
    G201: () => {
      const old = new SGD(first.parameters(), { lr: 0.1 });
      const loss = first.forward(x).square().mean();
      loss.backward();
      old.step();
      old.zeroGrad();
      loss.backward();
    },
    G504: () => {
      const loose = new MLP([3, 6, 1], random);
      loose.forward(x).square().mean().backward();
      optimizer.step();
    },
  };
  for (const [code, program] of Object.entries(refused)) {
    strictEqual((await thrown(program)).code, code);
    // If the loss before were still in play, its parameters would be told of.
    const error = await thrown(() => {
      optimizer.zeroGrad();
      second.forward(x).detach().square().mean().backward();
    });
    ok(/^error\[G101\]: gradient cut: 4 parameters of `second` cannot/.test(error.message), error.message);
    equal(error.params, second.parameters().map((x) => x.label));
  }
});

Deno.test("an audit without parameters takes those of its loss, not of what was trained before", async () => {
  const critic = new MLP([3, 6, 1], random);
  const optimizer = new SGD(critic.parameters(), { lr: 0.1 });
  const loss = critic.forward(draw(8, 3)).square().mean();
  loss.backward();
  optimizer.step();
  await loss.item();
  const value = new MLP([3, 6, 1], random);
  const report = await audit(() => value.forward(draw(8, 3)).square().mean());
  equal(report.entries.map((x) => x.name.split(".")[0]), Array(4).fill("value"), `${report}`);
});

Deno.test("what was read of a network before it learned is no suspect after it, what was read since is", async () => {
  const net = new MLP([3, 6, 1], random), other = new MLP([3, 6, 1], random);
  const optimizer = new SGD(net.parameters(), { lr: 0.1 });
  const statuses = async (): Promise<string[]> => {
    const report = await audit(other.forward(draw(8, 3)).square().mean(), net);
    return [...new Set(report.entries.map((x) => x.status))];
  };
  await net.forward(draw(8, 3)).mean().item();
  net.forward(draw(8, 3)).square().mean().backward();
  optimizer.step();
  equal(await statuses(), ["unused"]);
  await net.forward(draw(8, 3)).mean().item();
  equal(await statuses(), ["cut"]);
});
