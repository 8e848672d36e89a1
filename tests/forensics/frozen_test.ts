/** What a traced function takes from the host would stay for ever: it is refused, with the constant and what to do. */

import { deepStrictEqual as equal, match, ok, rejects } from "node:assert";
import {
  checkpoint,
  compile,
  exportOnnx,
  Generator,
  HostRandom,
  Linear,
  normal,
  ones,
  onWarning,
  randomKey,
  scan,
  splitKey,
  type Tensor,
  tensor,
  useDevice,
  Variable,
  zeros,
} from "../../mod.ts";
import { isSilent, raises, warnsOf } from "./expect.ts";

await useDevice("cpu");
const random = new HostRandom(3);
const x = tensor([1, 2]);

const draws: Readonly<Record<string, () => unknown>> = {
  "random.next()": () => random.next(),
  "random.bits()": () => random.bits(),
  "random.normal(2)": () => random.normal(2),
  "random.uniform(2)": () => random.uniform(2),
  "random.permutation(3)": () => random.permutation(3),
  "random.key()": () => random.key(),
  "random.split()": () => random.split(),
  "new Linear(2, 1, random)": () => new Linear(2, 1, random),
};

for (const [line, draw] of Object.entries(draws)) {
  Deno.test(`${line} in a traced function is refused at its line, with both ways`, async () => {
    const state = random.state();
    const compiled = compile((x: Tensor) => (draw(), x.mul(2)));
    const error = await raises("G203", line, () => compiled(x));
    match(error.message, /as state:.*generator[^]*as an argument: {2}step\(x, random\.key\(\)\)/);
    await raises("G203", line, () => exportOnnx((x) => (draw(), { y: x.mul(2) }), { x }));
    await raises("G203", line, () => scan((sum, x) => (draw(), [sum.add(x), x]), zeros([]), x));
    equal(random.state(), state);
  });
}

Deno.test("a HostRandom that is made in the trace, or drawn from in one step that runs once, is as it should be", async () => {
  const project = compile((x: Tensor) => x.mul(tensor(new HostRandom(7).uniform(2))));
  equal([...await (await project(x)).data()], [...await (await project(x)).data()]);
  const noisy = checkpoint((x: Tensor) => x.mul(tensor(random.uniform(2))));
  const [a, b] = [await noisy(x).data(), await noisy(x).data()];
  ok(a[0] !== b[0]);
});

let count = 0;
let weight = 0.5;
let batch = tensor([1, 2]);
let isFirst = true;
const queue = [1, 2, 3].map((x) => tensor([x, x]));

const changing: Readonly<Record<string, (x: Tensor) => Tensor>> = {
  "x.mul(Math.random())": (x) => x.mul(Math.random()),
  "x.add(performance.now())": (x) => x.add(performance.now()),
  "x.add(Date.now() % 1000)": (x) => x.add(Date.now() % 1000),
  "x.add(count++)": (x) => x.add(count++),
  "x.add(queue.shift()!)": (x) => x.add(queue.shift()!),
  "tensor([Math.random(), 0])": (x) => x.add(tensor([Math.random(), 0])),
};

for (const [line, fn] of Object.entries(changing)) {
  Deno.test(`${line} is refused at the first call: traced again it is another number`, async () => {
    const error = await raises("G203", line.startsWith("x.add(queue") ? "const queue" : line, () => compile(fn)(x));
    match(error.message, /uses a number that the host changes.*would stay for ever/);
    match(error.message, /(in one trace, .* in the next)/);
    match(error.message, /make it an argument, step\(x, beta\)/);
  });
}

Deno.test("what changes between two calls is refused at the second, and changes nothing", async () => {
  const seen = new Variable(tensor(0), "seen");
  const scaled = compile((x: Tensor) => {
    seen.assign(seen.add(1));
    return x.mul(weight);
  }, { state: seen });
  await scaled(x);
  weight = 0.25;
  const error = await raises("G203", "return x.mul(weight);", () => scaled(x));
  match(error.message, /0\.5 in one trace, 0\.25 in the next/);
  equal(await seen.item(), 1);
  const captured = compile(() => batch.sum());
  await captured();
  batch = tensor([3, 4]);
  await raises("G203", "let batch = tensor([1, 2]);", () => captured());
});

Deno.test("another way through the function is refused too", async () => {
  const branching = compile((x: Tensor) => {
    const wasFirst = isFirst;
    isFirst = false;
    return wasFirst ? x.exp() : x.mul(2);
  });
  const error = await raises("G203", "return wasFirst ? x.exp() : x.mul(2);", () => branching(x));
  match(error.message, /takes a way that the host changes/);
});

Deno.test("the step of a scan outside of compile() is looked at twice at its line", async () => {
  let step = 0;
  const error = await raises(
    "G203",
    "h.add(x.mul(++step))",
    () => scan((h, x) => [h.add(x.mul(++step)), x], zeros([]), x),
  );
  match(error.message, /the step of a scan uses a number/);
});

Deno.test("an exported function that has another number each time is refused", async () => {
  await raises("G203", "x.mul(Math.random())", () => exportOnnx((x) => ({ y: x.mul(Math.random()) }), { x }));
});

Deno.test("host state that is in no number of the graph is nobody's business", async () => {
  let calls = 0;
  let table: Tensor | null = null;
  const log: string[] = [];
  await isSilent(async () => {
    const fn = compile((x: Tensor) => {
      log.push(`trace ${++calls} at ${Date.now()}`);
      table ??= tensor([5, 6]);
      return x.mul(table).detach(`the value of trace ${calls}`);
    });
    for (let i = 0; i < 4; i++) equal(await (await fn(x)).toList(), [5, 12]);
    equal(fn.traces.length, 1);
  });
  ok(calls <= 3, `${calls} traces`);
});

Deno.test("a clock that stands still, as tests set it, is not waited for", async () => {
  const { now } = Date;
  Date.now = () => 0;
  try {
    equal(await (await compile((x: Tensor) => x.mul(2))(x)).toList(), await x.mul(2).toList());
  } finally {
    Date.now = now;
  }
});

Deno.test("a function that can be traced once, and is called once, runs", async () => {
  const only = [tensor([7])];
  equal(await (await compile(() => only.pop()!.mul(2))()).toList(), [14]);
});

Deno.test("an error that a function throws when it is traced again is thrown where it is called again", async () => {
  const some = [tensor([7])];
  const take = compile(() => some.pop()!.mul(2));
  await take();
  await rejects(() => take(), TypeError);
});

Deno.test("a step that draws by a key that stays the same is told; an evaluation is not, nor keys that are state or arguments", async () => {
  const key = randomKey(1);
  const sum = new Variable(zeros([2]), "sum"), generator = new Generator(1);
  const fixed = compile(() => {
    sum.assign(sum.add(normal(key, [2])));
  }, { state: sum });
  const warning = await warnsOf("G203", () => fixed());
  ok(warning.sites[0]!.text?.includes("normal(key, [2])"), warning.message);
  ok(warning.sites[1]!.text?.includes("const key = randomKey(1);"), warning.message);
  await isSilent(async () => {
    await compile(() => normal(key, [2]))();
    await compile((key: Tensor) => void sum.assign(sum.add(normal(key, [2]))), { state: sum })(key);
    await compile(() => void sum.assign(sum.add(generator.normal([2]))), { state: [sum, generator] })();
    const drawn = normal(key, [2]); // data of the trace: drawn once, before it
    await compile(() => void sum.assign(sum.add(drawn)), { state: sum })();
  });
  const [half] = splitKey(randomKey(3));
  await warnsOf("G203", () => compile(() => void sum.assign(sum.add(normal(half!, [2]))), { state: sum })());
});

Deno.test("warnings of a traced function are given once, though it is traced again", async () => {
  const codes: string[] = [];
  const end = onWarning(({ code }) => codes.push(code));
  const key = randomKey(2), sum = new Variable(ones([2]), "sum");
  const step = compile(() => void sum.assign(sum.mul(normal(key, [2]))), { state: sum });
  for (let i = 0; i < 3; i++) await step();
  end();
  equal(codes, ["G203"]);
});
