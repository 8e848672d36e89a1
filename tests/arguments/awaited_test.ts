/** A forgotten `await` is told by that word, wherever a promise is used in the place of what it is a promise of. */

import assert from "node:assert/strict";
import {
  Adam,
  Categorical,
  compile,
  full,
  grad,
  gradients,
  HostRandom,
  Linear,
  mapTree,
  Parameter,
  scan,
  type Tensor,
  tensor,
  useDevice,
  zeros,
  zerosLike,
} from "../../mod.ts";

await useDevice("cpu");
const x = tensor([1, 2]);
const loss = x.sum();
const program = compile((x: Tensor) => x.add(1));
const w = new Parameter(x, "w");

/** For calls that types refuse. */
// deno-lint-ignore no-explicit-any
const any = (value: unknown): any => value;

const used: readonly (readonly [name: string, use: () => unknown, message: RegExp])[] = [
  [
    "added to a number",
    () => any(loss.item()) + 1,
    /a promise of item\(\) was used as a number or text: `await` is missing/,
  ],
  ["multiplied", () => any(loss.item()) * 2, /a promise of item\(\) was used as a number or text/],
  ["compared", () => any(loss.item()) < 2, /a promise of item\(\) was used as a number or text/],
  ["in a text", () => `${any(loss.item())}`, /a promise of item\(\) was used as a number or text/],
  ["made a number of", () => Number(loss.item()), /a promise of item\(\) was used as a number or text/],
  [
    "rounded",
    () => any(loss.item()).toFixed(2),
    /`toFixed` was asked of a promise of item\(\): `await` is missing.*write \(await \.\.\)\.toFixed/s,
  ],
  ["read by index", () => any(x.data())[0], /`0` was asked of a promise of data\(\)/],
  ["asked for its length", () => any(x.data()).length, /`length` was asked of a promise of data\(\)/],
  ["spread", () => [...any(x.toList())], /a promise of toList\(\) was iterated: `await` is missing/],
  ["mapped", () => any(x.toList()).map(String), /`map` was asked of a promise of toList\(\)/],
  [
    "made JSON of",
    () => JSON.stringify({ loss: loss.item() }),
    /a promise of item\(\) was made JSON of: `await` is missing/,
  ],
  [
    "a tensor, of a compiled function",
    () => any(program(x)).sum(),
    /`sum` was asked of a promise of .*program.*|`sum` was asked of a promise of/,
  ],
];

for (const [name, use, message] of used) {
  Deno.test(`a promise is ${name}: await is missing`, () => {
    assert.throws(use, { name: "PlumblineError", code: "G311", message });
  });
}

const given: readonly (readonly [name: string, call: () => unknown, argument: string])[] = [
  ["an operation", () => x.mul(any(loss.item())), "other"],
  ["a matrix product", () => x.matmul(any(program(x))), "other"],
  ["a shape", () => zeros([any(loss.item())]), "shape[0]"],
  ["a value", () => full([2], any(loss.item())), "value"],
  ["data", () => tensor(any(x.data())), "data"],
  ["an option", () => new Adam([w], { lr: any(loss.item()) }), "options.lr"],
  ["a list", () => gradients(loss, any(Promise.resolve([w]))), "wrt"],
  ["a layer", () => new Linear(any(loss.item()), 2, new HostRandom(0)), "inFeatures"],
  ["a forward pass", () => new Linear(2, 2, new HostRandom(0)).forward(any(program(x))), "x"],
  ["a distribution", () => new Categorical(any(program(x))), "logits"],
  ["an assignment", () => w.assign(any(program(x))), "value"],
  ["a derivative", () => grad((y: Tensor) => y.sum())(any(program(x))), "x"],
];

for (const [name, call, argument] of given) {
  Deno.test(`a promise is given to ${name}: await is missing`, () => {
    assert.throws(call, (error) => {
      const { code, message } = error as Error & { code: string };
      assert.equal(code, "G311");
      assert.ok(message.includes(`was given a promise as \`${argument}\`: \`await\` is missing.`), message);
      return true;
    });
  });
}

Deno.test("a cell of a notebook that ends in a promise shows what it is of", () => {
  const promise = any(x.data());
  assert.equal(promise.schema, undefined); // the kernel asks it of every value, to see whether it is a table
  assert.equal(Deno.inspect(promise), "Promise of data(), to be awaited");
});

Deno.test("a promise inside of a tree or of data is told too", async () => {
  assert.throws(() => mapTree(any({ a: x, b: program(x) }), (y) => y), /`await` is missing before what gives it/);
  assert.throws(
    () => tensor(any([1, loss.item()])),
    /one element is a promise.*`await` is missing before what gives it/s,
  );
  assert.throws(() => scan(any(async () => await [x, x]), x, x), /leave out async and await/);
  await assert.rejects(async () => await program(any(program(x))), /was given a promise as .*: `await` is missing/);
});

Deno.test("a promise is still a promise", async () => {
  const promise = loss.item();
  assert.ok(promise instanceof Promise);
  assert.equal(await promise, 3);
  assert.deepEqual(await Promise.all([loss.item(), x.toList()]), [3, [1, 2]]);
  assert.equal(await loss.item().then((value) => Number(value) + 1).finally(() => {}), 4);
  assert.match(Deno.inspect(x.data()), /^Promise of data\(\), to be awaited/);
  assert.deepEqual(await Promise.resolve(x.toList()), [1, 2]);
  assert.equal(await Promise.race([loss.item()]), 3);
});

Deno.test("functions of one tensor may be handed to map()", async () => {
  const [zero] = [x, x].map(zerosLike);
  assert.deepEqual(await zero!.toList(), [0, 0]);
});

Deno.test("a tensor that is made JSON of says what to do, alone and in what holds it", () => {
  const error = { code: "G103", message: /was made JSON of.*JSON\.stringify\(await t\.toList\(\)\)/s };
  for (const holder of [x, w, { x }, [x], new Linear(1, 1, new HostRandom(0))]) {
    assert.throws(() => JSON.stringify(holder), error);
  }
});
