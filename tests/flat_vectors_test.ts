/** Flat vectors of parameters that do not fit say whose entries they hold. */

import { deepStrictEqual as equal, ok, throws } from "node:assert";
import {
  concat,
  gradients,
  HostRandom,
  MLP,
  Module,
  ones,
  Parameter,
  ParameterGroup,
  PlumblineError,
  type Tensor,
  tensor,
  zeros,
} from "../mod.ts";

const random = new HostRandom(0);

class Policy extends Module {
  readonly net = new MLP([56, 100, 100, 28], random);
  readonly logStd = new Parameter(zeros([28]), "logStd");

  forward(x: Tensor): Tensor {
    return this.net.forward(x).mul(this.logStd.exp());
  }
}

const flat = (parts: readonly Tensor[]): Tensor => concat(parts.map((x) => x.reshape(x.size)));

function humanoid() {
  const policy = new Policy();
  const value = new MLP([56, 100, 100, 1], random);
  return { policy, value };
}

function refusal(program: () => unknown): PlumblineError {
  let found: PlumblineError | null = null;
  throws(program, (error) => {
    found = error as PlumblineError;
    return error instanceof PlumblineError;
  });
  return found!;
}

Deno.test("a policy's step on the flat vector of all parameters names both modules and their sizes", () => {
  const { policy, value } = humanoid();
  const everything = flat([...policy.parameters(), ...value.parameters()]);
  const slope = gradients(policy.forward(ones([3, 56])).square().mean(), policy.parameters());
  const error = refusal(() => everything.add(flat(slope).mul(-0.01)));
  equal(error.code, "G306");
  ok(/18656 entries meets one of 34557, which holds `policy` \(18656\) and `value` \(15901\)/.test(error.message));
  ok(/18656 entries are those of `policy` alone/.test(error.message), error.message);
  ok(/entries 0 to 18656/.test(error.help.join()), error.message);
  equal(error.params.length, 13);
  ok(error.sites[0]!.text!.includes("everything.add("), error.message);
});

Deno.test("a vector after arithmetic, and a step of no module's size, are told as well", () => {
  const { policy, value } = humanoid();
  const everything = flat([...policy.parameters(), ...value.parameters()]).mul(0.5).sub(1);
  const last = refusal(() => zeros([15901]).sub(everything));
  ok(/15901 entries are those of `value` alone/.test(last.message), last.message);
  ok(/entries 18656 to 34557/.test(last.help.join()), last.message);
  const odd = refusal(() => everything.mul(ones([77])));
  equal(odd.code, "G306");
  ok(/`policy` \(18656\) and `value` \(15901\)$/m.test(odd.message) && !/alone/.test(odd.message), odd.message);
});

Deno.test("the vector of a group is told by its parameters", () => {
  const { policy, value } = humanoid();
  const all = new ParameterGroup("all", [...policy.parameters(), ...value.parameters()]);
  const error = refusal(() => all.values().tensor.add(zeros([18656])));
  ok(/one of 34557, which holds `policy` \(18656\) and `value` \(15901\)/.test(error.message), error.message);
});

Deno.test("vectors of anything else are refused by their shapes", () => {
  equal(refusal(() => tensor([1, 2, 3]).add(tensor([1, 2]))).code, "G302");
  equal(refusal(() => concat([zeros([2]), ones([3])]).add(ones([2]))).code, "G302");
});
