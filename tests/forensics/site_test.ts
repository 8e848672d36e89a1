/** Which line is marked: the user's call, not the library's line, nor that of the tensor which was called. */

import { ok, strictEqual } from "node:assert";
import {
  boundary,
  compile,
  concat,
  conjugateGradient,
  FlatVector,
  grad,
  HostRandom,
  Linear,
  Module,
  ones,
  Parameter,
  PlumblineError,
  scan,
  SGD,
  stack,
  type Tensor,
  tensor,
  Variable,
  vjp,
  where,
  zeros,
} from "../../mod.ts";
import { isOutside } from "../../lib/graph/frames.ts";
import { raises } from "./expect.ts";

const p = tensor([[1, 2], [3, 4]]);
const index = tensor([[0, 1]], { dtype: "int32" });
const layer = new Linear(5, 3, new HostRandom(0));
const kept = new Variable(zeros([2, 2]), "kept");
// deno-lint-ignore no-explicit-any
const wrong = undefined as any;

/** Calls that cannot be, as they stand in their lines. */
const calls: Record<string, () => unknown> = {
  "p.sum(5)": () => p.sum(5),
  "p.mean([0, 0])": () => p.mean([0, 0]),
  "p.add(wrong)": () => p.add(wrong),
  "p.maximum(wrong)": () => p.maximum(wrong),
  "p.reshape(3, 3)": () => p.reshape(3, 3),
  "p.expand(2)": () => p.expand(2),
  "p.expand(7, 2)": () => p.expand(7, 2),
  "p.squeeze(0)": () => p.squeeze(0),
  "p.unsqueeze(7)": () => p.unsqueeze(7),
  "p.select(0, 9)": () => p.select(0, 9),
  "p.permute(0)": () => p.permute(0),
  "p.matmul(ones([3]))": () => p.matmul(ones([3])),
  "p.gather(0, ones([2]))": () => p.gather(0, ones([2])),
  "p.take(wrong, 0)": () => p.take(wrong, 0),
  "p.sub(ones([3]))": () => p.sub(ones([3])),
  "p.softmax(7)": () => p.softmax(7),
  "p.named(": () => p.named("a", "a"),
  "p.not()": () => p.not(),
  "index.mean()": () => index.mean(),
  "where(p, 1, 0)": () => where(p, 1, 0),
  "concat([p, ones([3])])": () => concat([p, ones([3])]),
  "stack([p, ones([3])])": () => stack([p, ones([3])]),
  "layer.forward(p)": () => layer.forward(p),
  "kept.assign(ones([3]))": () => kept.assign(ones([3])),
  "new Parameter(index)": () => new Parameter(index),
  "scan((c) =>": () => scan((c) => [c.sum(), c], p, p),
  "vjp((x) => x.sum(), p, p)": () => vjp((x) => x.sum(), p, p),
  "grad(() => 1 as never)(p)": () => grad(() => 1 as never)(p),
  "`${p}`": () => `${p}`,
  "p.square().item()": () => p.square().item(),
};

for (const [call, program] of Object.entries(calls)) {
  Deno.test(`${call} is marked itself`, async () => {
    let error: unknown;
    try {
      await program();
    } catch (thrown) {
      error = thrown;
    }
    ok(error instanceof PlumblineError, `${error}`);
    const [site] = error.sites;
    ok(site?.url === import.meta.url && site.text?.includes(`() => ${call.split("(")[0]}`), error.message);
    ok(site.column > 3 && site.call !== null, error.message);
  });
}

Deno.test("where the tensor was made that a call cannot take is told after the call", async () => {
  const made = ones([2, 3]);
  const error = await raises("G304", "made.sum(5)", () => made.sum(5));
  ok(/const made = ones\(\[2, 3\]\);\n +\| +-+ float32 \[2, 3\] is made here/.test(error.message), error.message);
});

Deno.test("a message names the method that was called, not the operation that it is made of", async () => {
  ok(
    /: gather\(\) along axis 0 cannot index/.test(
      (await raises("G301", "gather", () => p.gather(0, index.reshape(2)))).message,
    ),
  );
  ok(
    /: stack\(\) along axis 1 cannot join/.test(
      (await raises("G301", "stack", () => stack([p, ones([3, 2])], 1))).message,
    ),
  );
  ok(/: silu\(\) takes float32, not int32/.test((await raises("G301", "silu", () => index.silu())).message));
});

Deno.test("what fails in a helper is told with the calls that led there, up to the loop", async () => {
  function total(x: Tensor, axis: number): Tensor {
    return x.sum(axis); // the helper
  }
  class Net extends Module {
    override forward(x: Tensor): Tensor {
      return total(x, 4); // the layer
    }
  }
  const net = new Net();
  const error = await raises("G304", "// the helper", () => {
    for (let i = 0; i < 1; i++) net.forward(p); // the loop
  });
  const lines = error.sites[0]!.callers.map((x) => x.text ?? "");
  ok(lines[0]?.includes("// the layer") && lines[1]?.includes("// the loop"), error.message);
  ok(/the layer\n.*called from here\n.*the loop\n.*called from here/.test(error.message), error.message);
  const { calledFrom } = error.toJSON() as { calledFrom: { text: string }[] };
  ok(calledFrom[0]?.text.includes("// the layer"));
});

Deno.test("what fails in the step of a scan is told with the scan, and where that was called", async () => {
  const run = (xs: Tensor): Tensor => {
    const [h] = scan(
      (h: Tensor, x: Tensor) => {
        return [h.add(x.sum(3)), x] as const; // the step
      },
      zeros([]),
      xs,
    );
    return h;
  };
  const error = await raises("G304", "// the step", () => {
    run(p); // the call
  });
  const lines = error.sites[0]!.callers.map((x) => x.text ?? "");
  ok(lines[0]?.includes("const [h] = scan(") && lines.some((x) => x.includes("// the call")), error.message);
});

Deno.test("operations deep in the library are those of the line that called it: an indefinite matrix", async () => {
  const matrix = tensor([[1, 0], [0, -1]]);
  const w = new Parameter(tensor([1, 1]), "w");
  const step = compile(() => {
    const product = (v: FlatVector<"w">) => new FlatVector("w", matrix.matmul(v.tensor));
    const x = conjugateGradient(product, new FlatVector("w", tensor([1, 1])));
    w.assign(w.add(x.tensor));
  }, { state: w });
  const error = await raises("G401", "conjugateGradient(product", () => step());
  ok(/in conjugateGradient\(\), div\(\) made infinity/.test(error.message), error.message);
  ok(/help: .*A is not positive definite\. Damp it/.test(error.message), error.message);
});

Deno.test("a site is never empty: without a line of the user it is one of the library", async () => {
  let error: unknown;
  Promise.resolve(7).then(p.sum.bind(p) as (axis: number) => Tensor).catch((x) => error = x);
  await new Promise((resolve) => setTimeout(resolve, 0));
  ok(error instanceof PlumblineError && error.sites.length > 0, `${error}`);
  ok(/\/lib\/.*\.ts$/.test(error.sites[0]!.url) && error.sites[0]!.line > 0, error.message);
  ok(/\n {2}--> .*lib\/.*:\d+:\d+\n/.test(error.message), error.message);
});

Deno.test("a line of a command is no line of the user, who wrote what the command runs", () => {
  const frame = (path: string) => ({ name: "main", url: new URL(path, import.meta.url).href, line: 1, column: 1 });
  ok(!isOutside(frame("../../tasks/train.ts")) && !isOutside(frame("../../lib/a.ts")) && isOutside(frame("./a.ts")));
  ok(isOutside(frame("../../tasks/bench/a.ts")), "what measures the library is a user of it");
});

Deno.test("an error that is logged is its text, not the graph that it is about", () => {
  try {
    p.sum(5);
  } catch (error) {
    strictEqual(Deno.inspect(error), (error as Error).stack);
    return;
  }
  ok(false, "nothing was thrown");
});

Deno.test("what a compiled function is handed is told by the line of the call", async () => {
  const bounded = boundary("host", (x: Tensor) => x, "forbid");
  const w = new Parameter(tensor([1]), "w");
  const optimizer = new SGD([w], { lr: 1 });
  const position = await bounded(w);
  const step = compile((x: Tensor) => {
    const loss = x.mul(w).sum();
    loss.backward();
    optimizer.step();
    return loss;
  }, { state: optimizer });
  // The argument carries a gradient that must not cross; the parameter is reached around it.
  const error = await step(position).then(() => null, (x: PlumblineError) => x);
  strictEqual(error?.code, "G108", `${error?.message}`);
});
