/** auditUpdate(): what an update of a training moves, and why it leaves the rest. */

import { deepStrictEqual as equal, match, ok, strictEqual } from "node:assert";
import {
  Adam,
  auditUpdate,
  compile,
  frozen,
  HostRandom,
  MLP,
  SGD,
  stopGradient,
  type Tensor,
  tensor,
} from "../../mod.ts";
import { onEachEngine } from "../engines.ts";

const random = new HostRandom(9);
const x = tensor(random.uniform(16, -1, 1), { shape: [8, 2] });

function nets() {
  const [moved, dead, given, still, idle] = Array.from({ length: 5 }, () => new MLP([2, 3, 1], random));
  frozen(still!);
  const all = [moved!, dead!, given!, still!, idle!];
  const optimizer = new Adam(all.slice(0, 3).flatMap((net) => net.parameters()), { lr: 1e-2 });
  const waiting = new SGD(idle!.parameters(), { lr: 1e-2 });
  const lossOf = (x: Tensor): Tensor =>
    moved!.forward(x).mul(stopGradient(given!.forward(x), "given")).mean()
      .add(dead!.forward(x).sub(9).relu().mean());
  const step = (x: Tensor): void => {
    lossOf(x).backward();
    optimizer.step();
    waiting.step();
  };
  return { all, optimizer, waiting, step };
}

onEachEngine("an update tells of each parameter whether it moved, and why not, compiled and not", async ({ name }) => {
  // What an uncompiled update says on a GPU is seen below.
  for (const isCompiled of name === "cpu" ? [false, true] : [true]) {
    const { all, optimizer, waiting, step } = nets();
    const update = isCompiled ? compile(step, { state: [...all, optimizer, waiting] }) : step;
    const report = await auditUpdate(async () => await update(x), all);
    equal(
      report.entries.map((x) => x.status),
      ["reached", "zero", "declared", "frozen", "unused"].flatMap((x) => Array(4).fill(x)),
      `${report}`,
    );
    ok(report.entries.slice(0, 4).every((x) => x.updateRatio! > 0));
    ok(report.entries.slice(4).every((x) => x.updateRatio === 0));
    strictEqual(report.error?.code, "G106");
    match(`${report}`, /stopped by stopGradient\(\) at .*update_test\.ts/);
    // Later calls of what is compiled trace nothing: what stays as it is, stays without a reason.
    const again = await auditUpdate(async () => await update(x), all[0]!);
    equal(again.entries.map((x) => x.status), Array(4).fill("reached"));
    strictEqual(again.error, null);
  }
});

onEachEngine("what an update cuts is named by its line", async () => {
  const net = new MLP([2, 3, 1], random), other = new MLP([2, 3, 1], random);
  const optimizer = new SGD([...net.parameters(), ...other.parameters()], { lr: 1e-2 });
  let message = "";
  const report = await auditUpdate(() => {
    try {
      net.forward(x).mul(other.forward(x).detach()).mean().backward(); // cut here
      optimizer.step();
    } catch (error) {
      message = String(error);
    }
  }, [net, other]);
  match(message, /G101/);
  equal(report.entries.slice(4).map((x) => x.status), Array(4).fill("cut"));
  ok(report.error?.sites[0]?.text?.includes("// cut here"), report.error?.message);
});
