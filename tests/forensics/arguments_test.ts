/** Arguments of compiled functions remember where they came from, for who looks for a gradient. */

import { ok, strictEqual } from "node:assert";
import { Adam, compile, HostRandom, MLP, PlumblineError, stack, stopGradient, type Tensor, tensor } from "../../mod.ts";
import { isSilent } from "./expect.ts";

const random = new HostRandom(9);
const draw = (...s: number[]): Tensor => tensor(random.uniform(s.reduce((a, b) => a * b, 1), -1, 1), { shape: s });

/** A critic whose values are regressed in a compiled step that is handed them, and what it is handed is made by `values`. */
async function told(values: (critic: MLP, x: Tensor) => Tensor | Promise<Tensor>): Promise<PlumblineError> {
  const critic = new MLP([3, 6, 1], random), actor = new MLP([3, 6, 1], random);
  const optimizer = new Adam([...critic.parameters(), ...actor.parameters()], { lr: 1e-3 });
  const update = compile((x: Tensor, value: Tensor) => {
    const loss = value.sub(1).square().mean().add(actor.forward(x).square().mean());
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    return loss;
  }, { state: [optimizer] });
  const x = draw(4, 3);
  const made = await values(critic, x);
  try {
    await update(x, made);
  } catch (error) {
    if (error instanceof PlumblineError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

const ways: Record<string, (critic: MLP, x: Tensor) => Tensor | Promise<Tensor>> = {
  "critic.forward(x).relu()": (critic, x) => critic.forward(x).relu(),
  "return critic.forward(x); //": async (critic, x) => {
    const act = compile(function act(x: Tensor) {
      return critic.forward(x); // the value
    }, { state: critic });
    return await act(x);
  },
  "critic.forward(x).data()": async (critic, x) => tensor(await critic.forward(x).data(), { shape: [4, 1] }),
  "return critic.forward(x).select(0, 0); //": async (critic, x) => {
    const act = compile((x: Tensor) => {
      return critic.forward(x).select(0, 0); // a row
    }, { state: critic });
    return stack([await act(x), await act(x), await act(x), await act(x)]);
  },
  "return v.sub(v.mean()); //": async (critic, x) => {
    const centred = compile((v: Tensor) => {
      return v.sub(v.mean()); // another function between
    });
    return await centred(critic.forward(x));
  },
};

for (const [line, values] of Object.entries(ways)) {
  Deno.test(`an argument made by ${line.replace(/ \/\/$/, "")} is told, where it was made and where it was passed`, async () => {
    const error = await told(values);
    strictEqual(error.code, "G101", error.message);
    ok(
      error.message.includes(
        "4 parameters of `critic` cannot learn from the loss: argument 2 of `update` carries their gradient, and arguments are data",
      ),
      error.message,
    );
    ok(error.sites[0]?.text?.includes(line.replace(/ \/\/$/, "")), error.message);
    ok(error.sites[1]?.text?.includes("await update(x, made)"), error.message);
    ok(/ passed here as argument 2 of `update`/.test(error.message), error.message);
    ok(/help: compute it inside of `update`: pass what it is made of/.test(error.message), error.message);
  });
}

Deno.test("an argument that was stopped with a reason, and one whose network is run again inside, are silent", async () => {
  const critic = new MLP([3, 6, 1], random), actor = new MLP([3, 6, 1], random);
  const act = compile((x: Tensor) => ({ action: actor.forward(x).tanh(), value: critic.forward(x) }), {
    state: [actor, critic],
  });
  const actorOptimizer = new Adam(actor.parameters(), { lr: 1e-3 });
  const both = new Adam(critic.parameters(), { lr: 1e-3 });
  const improve = compile((x: Tensor, advantage: Tensor) => {
    const loss = actor.forward(x).mul(advantage).mean();
    actorOptimizer.zeroGrad();
    loss.backward();
    actorOptimizer.step();
    return loss;
  }, { state: actorOptimizer });
  const regress = compile((x: Tensor, old: Tensor) => {
    const loss = critic.forward(x).sub(old).square().mean();
    both.zeroGrad();
    loss.backward();
    both.step();
    return loss;
  }, { state: both });
  await isSilent(async () => {
    for (let i = 0; i < 3; i++) {
      const x = draw(4, 3);
      const { value } = await act(x);
      await improve(x, value);
      await improve(x, stopGradient(critic.forward(x), "the baseline"));
      await regress(x, value);
    }
  });
});
