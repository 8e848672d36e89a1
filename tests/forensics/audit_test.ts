/** audit(): every parameter's state with numbers, and cuts proved by running the loss again. */

import { deepStrictEqual as equal, ok, rejects, strictEqual } from "node:assert";
import {
  Adam,
  audit,
  type AuditEntry,
  auditUpdate,
  boundary,
  Generator,
  gradcheck,
  HostRandom,
  joinsLater,
  MLP,
  Normal,
  Parameter,
  PlumblineError,
  SGD,
  stack,
  stopGradient,
  type Tensor,
  tensor,
  zeros,
} from "../../mod.ts";
import { onEachEngine } from "../engines.ts";

const random = new HostRandom(5);
const x = tensor(Array.from({ length: 8 }, () => Array.from({ length: 4 }, () => random.next() - 0.5)));
const statuses = (report: Awaited<ReturnType<typeof audit>>): string[] => report.entries.map((x) => x.status);

Deno.test("a cut through host arithmetic is proved, and named by its line", async () => {
  const pi = new MLP([4, 6, 2], random);
  const aux = new MLP([4, 6, 1], random);
  const report = await audit(async () => {
    const penalty = await aux.forward(x).square().mean().item() as number;
    return pi.forward(x).square().mean().add(0.1 * (3 * penalty + 1));
  }, [pi, aux]);
  equal(statuses(report), [...Array(4).fill("reached"), ...Array(4).fill("cut")]);
  ok(report.entries.slice(4).every((x) => x.isProved));
  strictEqual(report.error?.code, "G101");
  ok(report.error.sites[0]?.text?.includes("const penalty = await aux"), report.error.message);
  ok(/confirmed: frozen/.test(report.error.message));
});

Deno.test("a simulator stepped in a loop is a cut for every parameter, proved with all reads of the line frozen", async () => {
  const pi = new MLP([2, 6, 2], random);
  const report = await audit(async () => {
    let position = tensor([[1, -0.5]]);
    const errors: Tensor[] = [];
    for (let i = 0; i < 12; i++) {
      const force = await pi.forward(position).data();
      position = tensor(Float32Array.from(await position.data(), (p, k) => 0.9 * p + 0.1 * Math.sin(force[k]!)), {
        shape: [1, 2],
      });
      errors.push(position.square().sum());
    }
    return stack(errors).mean();
  }, pi);
  equal(statuses(report), Array(4).fill("cut"), `${report}`);
  ok(report.entries.every((x) => x.isProved), `${report}`);
  ok(report.error?.sites[0]?.text?.includes("const force = await pi"), report.error?.message);
});

Deno.test("a boundary that forbids is a cut also for parameters that the loss reaches around it", async () => {
  const pi = new MLP([2, 6, 2], random);
  const simulate = boundary(
    "scene.step()",
    async (force: Tensor) => tensor(await force.data(), { shape: [8, 2] }),
    "forbid",
  );
  const force = pi.forward(x.slice(1, 0, 2));
  const position = await simulate(force);
  const report = await audit(position.square().mean().add(force.square().mean().mul(0.01)), pi);
  equal(statuses(report), Array(4).fill("cut"), `${report}`);
  strictEqual(report.error?.code, "G108");
  ok(report.error.sites[0]?.text?.includes("await simulate(force)"), report.error.message);
});

Deno.test("a parameter that is reached, but not by every way, is cut there", async () => {
  const pi = new MLP([4, 6, 2], random);
  const report = await audit(async () => {
    const y = pi.forward(x);
    const scale = await y.abs().mean().item() as number;
    return y.square().mean().mul(1 / scale);
  }, pi);
  equal(statuses(report), Array(4).fill("cut"));
  ok(report.error?.sites[0]?.text?.includes("const scale"), report.error?.message);
  ok(/frozen at its old value, the loss moves as the gradient says/.test(report.error!.message), report.error?.message);
});

Deno.test("what detach() takes from a parameter that is reached in another way is a note, no cut", async () => {
  const pi = new MLP([4, 6, 2], random, { activation: "relu" }), value = new MLP([4, 6, 1], random);
  const report = await audit(() => {
    const v = value.forward(x);
    const advantage = x.sum(1, true).sub(v).detach();
    return pi.forward(x).logSoftmax(-1).mul(advantage).mean().add(v.square().mean());
  }, [pi, value]);
  strictEqual(report.error, null);
  equal(statuses(report), Array(8).fill("reached"));
  ok(
    /stopped by detach\(\) at .*audit_test\.ts.*proved/.test(report.of("value.layers.1.weight")?.why ?? ""),
    `${report}`,
  );
});

Deno.test("a read that only logs is no cut", async () => {
  const pi = new MLP([4, 6, 2], random);
  const log: unknown[] = [];
  const report = await audit(async () => {
    const y = pi.forward(x);
    log.push(await y.mean().item(), await y.data());
    return y.square().mean();
  }, pi);
  equal(statuses(report), Array(4).fill("reached"));
  strictEqual(report.error, null);
});

Deno.test("samples whose log-probability is used, and targets under a declared stop, are no cuts", async () => {
  const pi = new MLP([4, 6, 2], random);
  const value = new MLP([4, 6, 1], random);
  const generator = new Generator(1);
  const report = await audit(() => {
    const policy = new Normal(pi.forward(x), zeros([8, 2]).add(0.5));
    const action = policy.sample(generator.next());
    const target = stopGradient(value.forward(x).mul(0.9).add(1), "bootstrap target");
    const advantage = action.square().neg().sum(1, true).sub(stopGradient(value.forward(x), "advantages are data"));
    const actor = policy.logProb(action).mul(advantage).mean().neg();
    return actor.add(value.forward(x).sub(target).square().mean());
  }, [pi, value]);
  equal(report.entries.map((x) => [x.status, x.why]), Array(8).fill(["reached", null]), `${report}`);
});

Deno.test("randomness of the host is the same in every run of the closure, and put back", async () => {
  const pi = new MLP([4, 6, 2], random);
  const stream = new HostRandom(9);
  const before = stream.state();
  const report = await audit(() => {
    const noise = tensor(Array.from(stream.normal(16), (v) => v * Math.random())).reshape(8, 2);
    return pi.forward(x).add(noise).square().mean();
  }, pi);
  equal(statuses(report), Array(4).fill("reached"), `${report}`);
  equal(stream.state(), before);
});

Deno.test("zero gradients say why", async () => {
  const w = new Parameter(tensor([0.5, 1, 2]), "w");
  const why = async (loss: () => ReturnType<typeof tensor>): Promise<string> => {
    const report = await audit(loss, w);
    equal(statuses(report), ["zero"], `${report}`);
    return report.entries[0]!.why!;
  };
  ok(/with itself/.test(await why(() => w.div(w).mean())));
  ok(/dead relu/.test(await why(() => w.sub(9).relu().mean())));
  ok(/saturated clamp.*audit_test\.ts/.test(await why(() => w.clamp(5, 6).mean())));
});

Deno.test("a gradient that is not finite is told, and the rest is measured", async () => {
  const [a, b] = [new Parameter(tensor([0, 1]), "a"), new Parameter(tensor([1, 2]), "b")];
  const report = await audit(() => a.sqrt().sum().add(b.square().sum()), [a, b]);
  equal(statuses(report), ["non-finite", "reached"]);
  ok(Math.abs(report.of("b")!.gradientNorm! - Math.sqrt(20)) < 1e-5);
});

Deno.test("an optimiser's next update is measured without taking it; unowned parameters are told", async () => {
  const pi = new MLP([4, 6, 2], random);
  const optimizer = new Adam(pi.parameters(), { lr: 1e-2 });
  const before = await pi.layers[0]!.weight.data();
  const report = await audit(pi.forward(x).square().mean(), optimizer);
  ok(report.entries.every((x) => x.hasOwner && x.updateRatio! > 0), `${report}`);
  // The first step of Adam moves each number that has a gradient by the learning rate.
  const [{ updateRatio, zeroShare }] = report.entries as [AuditEntry];
  const expected = 1e-2 * Math.sqrt(before.length * (1 - zeroShare!)) / Math.hypot(...before);
  ok(Math.abs(updateRatio! / expected - 1) < 1e-3, `${updateRatio} ${expected}`);
  equal(await pi.layers[0]!.weight.data(), before);
  strictEqual(await optimizer.count.item(), 0);
  const loose = new MLP([4, 2], random);
  ok(/owned by no optimiser/.test(`${await audit(loose.forward(x).mean(), loose)}`));
});

Deno.test("a loss made before an audit is still good after it", async () => {
  const pi = new MLP([4, 6, 2], random);
  const optimizer = new Adam(pi.parameters(), { lr: 1e-2 });
  const loss = pi.forward(x).square().mean();
  await audit(() => pi.forward(x).square().mean(), optimizer);
  loss.backward();
  optimizer.step();
});

onEachEngine(
  "an audit between clipGradNorm() and step() measures the clipped update, and leaves the clip for the step",
  async () => {
    const w = new Parameter(tensor([1]), "w");
    const optimizer = new SGD([w], { lr: 1 });
    const loss = w.mul(100).sum();
    loss.backward();
    optimizer.clipGradNorm(1);
    const ratio = (await audit(loss, optimizer)).of("w")!.updateRatio!;
    ok(Math.abs(ratio - 1) < 1e-5, `${ratio}`);
    optimizer.step();
    ok(Math.abs(await w.item() as number) < 1e-5);
    w.mul(100).sum().backward();
    optimizer.step();
    ok(await w.item() as number < -199, "the clip is for one step");
  },
);

Deno.test("a loss that is not reduced is refused, given as it is or by a closure", async () => {
  const w = new Parameter(tensor([1, 2]), "w");
  const isRefused = (error: PlumblineError) =>
    error.code === "G305" && /audit\(\) needs a .*scalar/.test(error.message);
  await rejects(audit(w.square(), w), isRefused);
  await rejects(audit(() => w.square(), w), isRefused);
});

Deno.test("a report is a table, and in a notebook also a picture", async () => {
  const w = new Parameter(tensor([0.5]), "w");
  const report = await audit(() => w.square().sum());
  ok(/^parameter +status +gradient/.test(`${report}`));
  const shown = (report as unknown as Record<symbol, () => Record<string, string>>)[Symbol.for("Jupyter.display")]!();
  equal(Object.keys(shown).sort(), ["image/svg+xml", "text/html", "text/plain"]);
});

Deno.test("in the picture of a report a line ends before the name of what is cut, and no text covers another", async () => {
  const cut = new Parameter(tensor([0.5]), "a"), learns = new Parameter(tensor([0.5]), "a parameter with a long name");
  const report = await audit(async () => learns.square().sum().add(await cut.sum().item() as number), [cut, learns]);
  const svg = report.toSvg();
  const numbers = (pattern: RegExp) => [...svg.matchAll(pattern)].map((found) => found.slice(1).map(Number));
  const [[width, height]] = numbers(/viewBox="0 0 (\d+) (\d+)"/g) as [[number, number]];
  const names = [...svg.matchAll(/<text x="([\d.]+)" y="([\d.]+)"[^>]*>([^<]*)</g)].map(([, x, y, text]) => {
    const left = Number(x);
    return { left, right: left + 7.2 * text!.length, y: Number(y), text };
  });
  equal(names.map(({ text }) => text), ["loss", "✕ item()", "a", "a parameter with a long name"]);
  const [, mark, short, long] = names as [typeof names[0], typeof names[0], typeof names[0], typeof names[0]];
  ok(mark.right < short.left && mark.y === short.y && short.left === long.left);
  ok(names.every(({ right, y }) => right < width && y - 12 > 0 && y < height));
  const ends = numbers(/<path d="M\d+ [\d.]+H([\d.]+)"/g).flat();
  ok(ends[0]! < mark.left && ends[1]! > mark.left && ends[1]! < long.left);
});

Deno.test("the policy of 35,000 parameters is audited with proof", async () => {
  const policy = new MLP([18, 128, 128, 128, 4], random);
  const states = tensor(random.uniform(32 * 18, -1, 1), { shape: [32, 18] });
  const report = await audit(async () => {
    const y = policy.forward(states);
    const entropy = await y.abs().mean().item() as number;
    return y.square().mean().sub(0.5 * entropy);
  }, policy);
  equal(statuses(report), Array(8).fill("cut"), `${report}`);
});

Deno.test("a function that computes nothing, or uses what was computed before it, is refused: it would be told to be in order", async () => {
  const pi = new MLP([4, 6, 2], random), aux = new MLP([4, 6, 1], random);
  const loss = pi.forward(x).square().mean();
  const features = pi.forward(x);
  const isRefused = (sentence: RegExp) => (error: PlumblineError) =>
    error.code === "G207" && sentence.test(error.message) && error.sites[0]!.text!.includes("audit(() =>") &&
    /help: .*await audit\(\(\) => lossOf\(\.\.\)\)/.test(error.message);
  await rejects(
    audit(() => loss),
    isRefused(/that computes nothing: what it gives, mean#\d+ float32 \[\], was computed/),
  );
  await rejects(
    audit(() => aux.forward(x).mean().add(features.square().mean()), [pi, aux]),
    isRefused(/that uses add#\d+ float32 \[8, 2\], which was computed before it/),
  );
  // Data, and what is not asked about, may be there before.
  const data = features.detach("given");
  ok((await audit(() => aux.forward(x).mean().add(features.square().mean()), aux)).ok);
  ok((await audit(() => pi.forward(x).sub(data).square().mean(), pi)).ok);
  ok((await audit(loss, pi)).ok);
});

Deno.test("declared stops are listed with their reasons, also of parameters that are reached in another way", async () => {
  const pi = new MLP([4, 6, 2], random), target = new MLP([4, 6, 2], random), physics = new MLP([4, 2], random);
  const world = boundary("world", async (u) => tensor(await u.data(), { shape: u.shape }), "stop");
  const report = await audit(async () => {
    const goal = stopGradient(target.forward(x), "targets are data");
    const logged = pi.forward(x).detach("logging only").mean();
    const position = await world(physics.forward(x));
    return pi.forward(x).sub(goal).add(position).square().mean().add(logged);
  }, [pi, target, physics]);
  ok(report.ok, `${report}`);
  equal(report.stops.map((x) => [x.why, x.parameters.length]), [
    ["targets are data", 4],
    ["the boundary `world`", 2],
    ["logging only", 4],
  ]);
  equal(report.of("target.layers.0.weight")?.status, "declared");
  ok(/target\.layers\.0\.weight +declared .*stopped by stopGradient\(\) at .*; "targets are data"/.test(`${report}`));
  ok(/\nstopped at .*audit_test\.ts:\d+:\d+, "logging only": 4 parameters of `pi`/.test(`${report}`), `${report}`);
  ok(report.toHtml().includes("logging only"));
});

Deno.test("what joins later is declared, in the audit of a loss as in that of an update", async () => {
  const pi = new MLP([4, 6, 2], random), later = joinsLater(new MLP([4, 6, 1], random));
  for (
    const report of [await audit(() => pi.forward(x).square().mean(), [pi, later]), await auditUpdate(() => {}, later)]
  ) {
    equal(statuses(report).slice(-4), Array(4).fill("declared"));
    strictEqual(report.error, null);
    ok(/joins later/.test(String(report)), String(report));
  }
  const optimizer = new SGD(later.parameters(), { lr: 0.1 });
  const joined = await auditUpdate(() => {
    later.forward(x).mul(0).mean().backward();
    optimizer.step();
  }, later);
  equal(statuses(joined), Array(4).fill("zero"));
});

Deno.test("audit() and gradcheck() of a function that gives no tensor say what it gave", async () => {
  const wrong: readonly (readonly [() => unknown, RegExp])[] = [
    [() => 1, /a function that gives a tensor; this one gives the number 1\./],
    [async () => await Promise.resolve(1), /a function that gives a tensor; this one gives (the number 1|a promise)\./],
    [() => undefined, /a function that gives a tensor; this one gives nothing\./],
  ];
  for (const [fn, sentence] of wrong) {
    for (const judged of [() => audit(fn as () => Tensor), () => gradcheck(fn as () => Tensor, [tensor(1)])]) {
      await rejects(judged, (error) => error instanceof PlumblineError && sentence.test(error.message));
    }
  }
});
