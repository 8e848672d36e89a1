/** A call of a compiled function that is not awaited at once has the state of the moment at which it was made. */

import assert from "node:assert/strict";
import { Adam, compile, Generator, Parameter, type Tensor, tensor, Variable } from "../../mod.ts";
import { onEachEngine, onEngine } from "../engines.ts";

/** A function that gives its state and counts it up. */
function counter(start = 0) {
  const count = new Variable(tensor(start), "count");
  const next = compile(() => {
    const before = count.mul(1);
    count.assign(count.add(1));
    return before;
  }, { state: count });
  return { count, next };
}

for (const when of ["first", "second"]) {
  onEachEngine(`what is assigned after the ${when} call of a function comes after that call`, async () => {
    const v = new Variable(tensor(0), "v");
    const plus = compile(() => v.add(1), { state: v });
    if (when === "second") await plus();
    const call = plus();
    v.assign(tensor(10));
    assert.equal(await (await call).item(), 1);
    assert.equal(await v.item(), 10);
    assert.equal(await (await plus()).item(), 11);
  });
}

onEachEngine(
  "calls in a row go on from each other, and what was assigned between them stands between them",
  async () => {
    const { count, next } = counter();
    const calls = [next(), next()];
    count.assign(tensor(10));
    calls.push(next(), next());
    count.assign(count.add(tensor(100).sub(count)));
    const values = await Promise.all(calls);
    assert.deepEqual(await Promise.all(values.map((x) => x.item())), [0, 1, 10, 11]);
    assert.equal(await count.item(), 100);
    assert.equal(await (await next()).item(), 100);
  },
);

// On a GPU a step is judged when somebody reads.
onEngine(
  "cpu",
  "a call that fails leaves what was assigned after it, and the calls behind it their state",
  async () => {
    const { count, next } = counter();
    const fails = compile((x: Tensor) => count.assign(count.add(x).log()), { state: count });
    const [bad, good] = [fails(tensor(-1)), next()];
    count.assign(tensor(5));
    await assert.rejects(bad, { name: "NonFiniteError" });
    assert.equal(await (await good).item(), 0);
    assert.equal(await count.item(), 5);
  },
);

/** Assigns what is going to be NaN when it is computed. */
const spoil = (v: Variable): void => v.assign(v.mul(0).sub(1).log());

onEngine("cpu", "what was assigned badly before a call is taken back for the calls that wait, too", async () => {
  const { count, next } = counter(3);
  spoil(count);
  const [bad, good] = [next(), next()];
  count.assign(tensor(5));
  await assert.rejects(bad, { name: "NonFiniteError" });
  assert.equal(await (await good).item(), 3);
  assert.equal(await count.item(), 5);
});

onEngine("cpu", "what is assigned badly while a call runs is taken back to what the call has left", async () => {
  const ended: boolean[] = [];
  for (let turns = 0; turns < 16; turns++) {
    const { count, next } = counter(2);
    await next();
    const call = next();
    for (let i = 0; i < turns; i++) await null;
    spoil(count);
    const isDone = await call.then(() => true, () => false);
    if (isDone) await assert.rejects(count.item(), /error\[G(401|202)\]/);
    assert.equal(await count.item(), isDone ? 4 : 3, `after ${turns} turns`);
    ended.push(isDone);
  }
  assert.ok(ended.includes(true));
});

onEachEngine("a variable that is an argument is what it was when the call was made", async () => {
  const v = new Variable(tensor(3), "v");
  const double = compile((x: Tensor) => x.mul(2));
  await double(v);
  const call = double(v);
  v.assign(tensor(7));
  assert.equal(await (await call).item(), 6);
});

onEachEngine(
  "an optimiser that steps, or a generator that draws, after a call changes nothing of that call",
  async () => {
    const draw = async (moves: boolean): Promise<number[]> => {
      const w = new Parameter(tensor([1, 2]), "w");
      const optimizer = new Adam([w], { lr: 0.1 });
      const generator = new Generator(0);
      const noisy = compile(() => w.mul(generator.normal([2])), { state: [optimizer, w, generator] });
      await noisy();
      const call = noisy();
      if (moves) {
        w.square().sum().backward();
        optimizer.step();
        generator.normal([2]);
      }
      return await (await call).toList() as number[];
    };
    assert.deepEqual(await draw(true), await draw(false));
  },
);

/** Programs that forget to await, each of which must end by its error. */
const forgetful: readonly (readonly [what: string, program: string, error: RegExp])[] = [
  [
    "a compiled step",
    `const w = new Parameter(ones([2]), "w");
    const optimizer = new SGD([w], { lr: 0.1 });
    const step = compile(() => {
      w.detach().sum().backward();
      optimizer.step();
    }, { state: [w, optimizer] });
    for (let i = 0; i < 3; i++) step();`,
    /error\[G101\]/,
  ],
  ["a read", "void tensor([1, 2]).take(tensor([5], { dtype: 'int32' }), 0).item();", /error\[G308\]/],
  [
    "an iteration",
    `const options = { framesPerBatch: 6, minibatchSize: 6, numEpochs: 1, lr: 1e-3, maxGradNorm: 1, clipEpsilon: 0.2 };
    const rest = { entropyEps: 0, gamma: 0.9, lmbda: 0.9, hiddenSize: 4, algorithm: "mappo", seed: 0 };
    const trainer = await PPOTrainer.create(new Pendulum({ maxSteps: 3 }), { ...options, ...rest });
    for (const x of trainer.policy.parameters()) x.assign(x.mul(0).div(0));
    trainer.iterate();`,
    /NaN/,
  ],
];

Deno.test("what nobody awaits ends the program when it fails", async () => {
  const library = import.meta.resolve("../../mod.ts");
  const names = "compile, ones, Parameter, Pendulum, PPOTrainer, SGD, tensor, useDevice";
  await Promise.all(forgetful.map(async ([what, program, error]) => {
    const source = `import { ${names} } from "${library}";
      await useDevice("cpu");
      ${program}
      await new Promise((resolve) => setTimeout(resolve, 1e5));`;
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", "-"],
      env: { NO_COLOR: "1" },
      stdin: "piped",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(source));
    await writer.close();
    const { code, stderr } = await child.output();
    assert.equal(code, 1, what);
    assert.match(new TextDecoder().decode(stderr), error, what);
  }));
});
