/** PyTorch's names: those that mean the same are here, the others say what to write, and the page of the guide says so too. */

import assert from "node:assert/strict";
import * as plumbline from "../../mod.ts";
import { camelCase, homonyms, pytorchNames } from "../../lib/forensics/pytorch/names.ts";
import { aliases } from "../../lib/tensor/aliases.ts";
import { formatted, listOf, listPath, nameRows, pageOf, pagePath } from "./pytorch_names.ts";

const { Adam, explain, F, HostRandom, Linear, Parameter, PlumblineError, Tensor, tensor } = plumbline;
const rows = await nameRows();

Deno.test("of PyTorch's names that are not here nine in ten say what to write", () => {
  const others = rows.filter((x) => x.status !== "same");
  const answered = others.filter((x) => x.status === "answered");
  assert.ok(rows.length === 668 && answered.length >= 0.9 * others.length, `${answered.length} of ${others.length}`);
});

Deno.test("docs/pytorch_names.md is what is so: deno run -A tests/package/pytorch_names.ts writes it", async () => {
  assert.equal(await Deno.readTextFile(pagePath), await formatted(pageOf(rows)));
  assert.equal(await Deno.readTextFile(listPath), await formatted(listOf(rows), "ts"));
});

Deno.test("explain() answers for each of PyTorch's names, and says of those that are the same that they are", () => {
  const prefixes: Readonly<Record<string, string>> = {
    "torch": "torch",
    "Tensor": "torch.Tensor",
    "nn": "torch.nn",
    "nn.functional": "torch.nn.functional",
    "optim": "torch.optim",
    "distributions": "torch.distributions",
    "linalg": "torch.linalg",
    "autograd / func": "torch.func",
  };
  for (const { area, name, here, status } of rows) {
    const asked = prefixes[area] ? `${prefixes[area]}.${name}` : name;
    const answer = explain(asked);
    if (prefixes[area] === undefined) continue;
    if (status === "answered") assert.equal(answer, `${asked}: ${here}`);
    else {assert.match(
        answer,
        here === name.replace(/_$/, "") ? /: called the same here[.;]/ : / here, as all names in camelCase/,
      );}
  }
  assert.equal(explain("torch.nn.LayerNorm"), "torch.nn.LayerNorm: called the same here.");
  assert.equal(explain("torch.nn.Dropout"), "torch.nn.Dropout: called the same here; new Dropout(p, random).");
  assert.equal(
    explain("torch.Tensor.masked_fill"),
    "torch.Tensor.masked_fill: called maskedFill here, as all names in camelCase.",
  );
  assert.equal(explain("torch.Tensor.size"), "torch.Tensor.size: x.shape; x.size is the number of elements.");
});

function told(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    assert.ok(error instanceof PlumblineError && error.code === "G103", String(error));
    return error.help.join(" ");
  }
  return "nothing";
}

Deno.test("a name that is not here throws its sentence where it is asked for, in either spelling", () => {
  const parameter = new Parameter(tensor([1, 2]), "w");
  const holders: Readonly<Record<string, object>> = {
    "Tensor": tensor([1]),
    "nn.functional": F,
    "Module methods": new Linear(1, 1, new HostRandom(0)),
    "optim": new Adam([parameter], { lr: 0.1 }),
    "Distribution methods": new plumbline.Normal(tensor(0), 1),
  };
  for (const [area, holder] of Object.entries(holders)) {
    const list = rows.filter((x) => x.area === area && x.status === "answered" && !homonyms[area]?.[x.name]);
    for (const { name, here } of list) {
      for (const spelling of [name, camelCase(name)]) {
        const own = Reflect.getOwnPropertyDescriptor(holder, spelling);
        if (!own) assert.equal(told(() => Reflect.get(holder, spelling)), here, `${area}: ${spelling}`);
      }
    }
    assert.ok(list.length > 3, area);
  }
});

Deno.test("what there is in camelCase is named where it is asked for as in Python", () => {
  const module = new Linear(1, 1, new HostRandom(0)), parameter = new Parameter(tensor([1, 2]), "w");
  const optimizer = new Adam([parameter], { lr: 0.1 });
  const asked: readonly (readonly [object, string, string])[] = [
    [tensor([1]), "masked_fill", "maskedFill"],
    [tensor([1]), "log_softmax", "logSoftmax"],
    [parameter, "broadcast_to", "broadcastTo"],
    [F, "log_softmax", "logSoftmax"],
    [module, "named_parameters", "namedParameters"],
    [module, "load_state_dict", "loadStateDict"],
    [optimizer, "zero_grad", "zeroGrad"],
    [optimizer, "state_dict", "stateDict"],
    [new plumbline.Normal(tensor(0), 1), "log_prob", "logProb"],
  ];
  for (const [holder, name, here] of asked) {
    assert.equal(told(() => Reflect.get(holder, name)), `names are in camelCase here: ${here}.`);
  }
});

Deno.test("what a scheduler and an optimiser have is told by the names that PyTorch's have", () => {
  const optimizer = new Adam([new Parameter(tensor([1]), "w")], { lr: 0.1 });
  const scheduler = new plumbline.LRScheduler(optimizer, plumbline.warmup(2));
  for (const name of ["get_last_lr", "getLastLr"]) {
    assert.match(told(() => Reflect.get(scheduler, name)), /^scheduler\.rates: /);
  }
  assert.match(told(() => Reflect.get(scheduler, "state_dict")), /new LRScheduler\(optimizer, schedule, count\)/);
  assert.match(told(() => Reflect.get(optimizer, "lr")), /^await optimizer\.groups\[0\]\.lr\.item\(\)/);
});

Deno.test("what is iterated, and a generator in the place of a key, have their own help", () => {
  const refused = (f: () => unknown, help: RegExp): void =>
    assert.throws(f, (error) => error instanceof PlumblineError && help.test(error.help.join(" ")));
  refused(() => [...tensor([1, 2]) as unknown as number[]], /t\.unbind\(0\)/);
  refused(() => plumbline.normal(new plumbline.Generator(0) as never, [2]), /generator\.next\(\)/);
});

Deno.test("the sentence of a name that is here too, elsewhere, says the one that is here", () => {
  // Those of `elsewhere` are something else here.
  const elsewhere = ["Tensor.grad", "linalg.cond", "nn.utils / init.uniform_", "nn.utils / init.normal_"];
  const methods: Readonly<Record<string, object>> = {
    "Module methods": plumbline.Module.prototype,
    "optim": plumbline.Optimizer.prototype,
  };
  const hidden = Object.entries(pytorchNames).flatMap(([area, list]) =>
    Object.entries(list).filter(([name, told]) => {
      const here = camelCase(name.replace(/_$/, ""));
      const found = here in plumbline || Object.hasOwn(methods[area] ?? {}, here);
      return found && !elsewhere.includes(`${area}.${name}`) && !told.includes(`${here}(`);
    }).map(([name, told]) => `${area}.${name}: ${told}`)
  );
  assert.deepEqual(hidden, []);
  assert.equal(
    explain("F.cross_entropy"),
    "F.cross_entropy: called crossEntropy here, as all names in camelCase; crossEntropy(logits, target, options).",
  );
});

Deno.test("a field of a module may have a name that PyTorch's modules have", () => {
  class Net extends plumbline.Module {
    children: number[];
    constructor() {
      super();
      this.children = [1];
    }
    override forward(x: plumbline.Tensor): plumbline.Tensor {
      return x;
    }
  }
  assert.deepEqual(new Net().children, [1]);
});

Deno.test("explain() knows PyTorch's names", () => {
  assert.equal(explain("torch.nansum"), "torch.nansum: where(x.isNaN(), 0, x).sum(axis).");
  assert.match(explain("torch.nn.ModuleList"), /an array field/);
  assert.throws(
    () => explain("torch.nothing"),
    /there is no error code torch\.nothing; .* Of PyTorch's names those are explained that people look for, as torch\.randn\.$/,
  );
});

Deno.test("sentences name methods and functions that there are", () => {
  const others = new Set(
    "map values entries forward step state floor sqrt at vjp min max vars fn f product dropped numbers run".split(" "),
  );
  const known = (name: string): boolean =>
    others.has(name) || name in Tensor.prototype && !told(() => Reflect.get(tensor([1]), name)).endsWith(".") ||
    name in plumbline || Object.values(plumbline).some((x) =>
      typeof x === "function" && x.prototype && Object.hasOwn(x.prototype, name)
    );
  const wrong = [...Object.entries(pytorchNames), ...Object.entries(homonyms)].flatMap(([area, list]) =>
    Object.entries(list).flatMap(([name, told]) =>
      [...told.matchAll(/([A-Za-z]\w*)\(/g)].map(([, called]) => called!).filter((x) => !known(x))
        .map((x) => `${area}.${name}: ${x}()`)
    )
  );
  assert.deepEqual(wrong, []);
});

Deno.test("an alias is the method that it stands for", async () => {
  const x = tensor([[1.5, -2], [0.25, 4]]);
  const given: Readonly<Record<string, readonly unknown[]>> = {
    clip: [0, 1],
    expand: [2, 2],
    broadcastTo: [2, 2],
    splitWithSizes: [[1, 1], 0],
    takeAlongDim: [tensor([[0, 1], [1, 0]], { dtype: "int32" }), 0],
    to: ["int32"],
    view: [4],
    ger: [tensor([1, 2])],
    logsumexp: [1],
    amax: [1],
    amin: [1],
    var: [1],
  };
  const targets: Readonly<Record<string, plumbline.Tensor>> = {
    ger: x.select(0, 0),
    logicalNot: x.greater(0),
    logicalAnd: x.greater(0),
    logicalOr: x.greater(0),
  };
  for (const [name, method] of Object.entries(aliases)) {
    if (name.startsWith("bitwise")) continue;
    const on = targets[name] ?? x;
    const call = (of: string): plumbline.Tensor | plumbline.Tensor[] => {
      const found = Reflect.get(on, of) as (...args: readonly unknown[]) => plumbline.Tensor;
      return found.apply(on, [
        ...(given[name] ?? (found.length > 0 && !["swapaxes", "swapdims"].includes(name) ? [on] : [])),
      ]);
    };
    const numbers = (found: plumbline.Tensor | plumbline.Tensor[]) =>
      Promise.all([found].flat().map((y) => y.toList()));
    assert.deepEqual(await numbers(call(name)), await numbers(call(method)), name);
  }
});

Deno.test("the other names of PyTorch give what PyTorch gives", async () => {
  const x = tensor([[1, 2, 3], [4, 5, 6]]);
  const lists = (...all: readonly plumbline.Tensor[]) => Promise.all(all.map((y) => y.toList()));
  const turned = [[1, 4], [2, 5], [3, 6]];
  assert.deepEqual(await lists(x.T, x.mT, x.H, x.mH, x.t(), x.adjoint()), Array(6).fill(turned));
  assert.deepEqual([x.ndim, x.dim(), x.ndimension(), x.numel()], [2, 2, 2, 6]);
  assert.deepEqual(await lists(x.clone(), x.contiguous(), x.positive(), x.float()), Array(4).fill(await x.toList()));
  assert.deepEqual([x.int().dtype, x.bool().dtype], ["int32", "bool"]);
  assert.deepEqual(await lists(x.viewAs(x.T), x.reshapeAs(x.T)), Array(2).fill([[1, 2], [3, 4], [5, 6]]));
  assert.deepEqual(await lists(x.select(0, 0).expandAs(x)), [[[1, 2, 3], [1, 2, 3]]]);
  assert.deepEqual(await lists(x.mm(x.T), x.mv(tensor([1, 0, 1])), tensor([1, 2]).dot(tensor([3, 4]))), [
    [[14, 32], [32, 77]],
    [4, 10],
    11,
  ]);
  assert.deepEqual(await lists(x.unsqueeze(0).bmm(x.T.unsqueeze(0))), [[[[14, 32], [32, 77]]]]);
  assert.deepEqual(await lists(x.narrow(1, -2, 2), x.indexSelect(0, tensor([1], { dtype: "int32" }))), [
    [[2, 3], [5, 6]],
    [[4, 5, 6]],
  ]);
  assert.deepEqual(await lists(x.fliplr(), x.flipud()), [[[3, 2, 1], [6, 5, 4]], [[4, 5, 6], [1, 2, 3]]]);
  assert.throws(
    () => x.mm(tensor([1, 2, 3])),
    /mm\(\) takes tensors of 2 and 2 axes, not float32 \[2, 3\] and float32 \[3\]/,
  );
  assert.throws(() => x.unsqueeze(0).T, /T transposes matrices, and float32 \[1, 2, 3\] has 3 axes/);
  assert.throws(() => x.narrow(1, 2, 2), /narrow\(1, 2, 2\) is outside of float32 \[2, 3\], whose axis 1 has size 3/);
});
