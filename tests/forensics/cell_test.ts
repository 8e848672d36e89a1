/** Messages in notebook cells, in a real kernel: the text of the guilty line where it is certain, no line where it is not. */

import { ok, strictEqual } from "node:assert";
import { runCells } from "../run_cells.ts";

const setup = `
import { Adam, audit, compile, HostRandom, Linear, MLP, Module, tensor, type Tensor } from "../mod.ts";
async function told(program: () => unknown) {
  try {
    await program();
  } catch (error) {
    const { name, message, stack } = error as Error;
    // Below the message there are no frames, which count lines that nobody has.
    console.log(stack === \`\${name}: \${message}\` ? message : \`not alone: \${stack}\`);
  }
}
const random = new HostRandom(0);
const states = tensor(random.uniform(32, -1, 1), { shape: [8, 4] });
const pi = new MLP([4, 6, 2], random);
const aux = new MLP([4, 6, 1], random);
const optimizer = new Adam([...pi.parameters(), ...aux.parameters()], { lr: 1e-3 });`;

/** What each of \`sources\` prints after the set-up. */
async function printed(...sources: string[]): Promise<string[]> {
  const { problems, cells } = await runCells([setup, ...sources].map((source) => ({ source })));
  strictEqual(problems.join("\n"), "");
  ok(!JSON.stringify(cells).includes('"not alone:'));
  return cells.slice(1).map((cell: { outputs: { text?: string[] }[] }) =>
    cell.outputs.flatMap((x) => x.text ?? []).join("")
  );
}

Deno.test("a line in a named function of a cell is shown, as are the names of the notebook", async () => {
  const [message, later] = await printed(
    `async function update() {
      optimizer.zeroGrad();
      const before = 1; const penalty = await aux.forward(states).mean().item() as number;
      pi.forward(states).square().mean().add(penalty).backward();
      optimizer.step();
    }
    await told(update);`,
    `const again = async () => await update();
    await told(again);`,
  );
  for (const text of [message!, later!]) {
    ok(
      text.includes("  --> notebook cell, update()\n  |   const penalty = await aux.forward(states).mean().item();\n"),
      text,
    );
    ok(/\n {2}\| {52}\^{6} item\(\) turned/.test(text), text);
    ok(
      /\| {3}pi\.forward\(states\)\.square\(\)\.mean\(\)\.add\(penalty\)\.backward\(\);\n.* enters here/.test(text),
      text,
    );
    ok(
      text.includes("4 parameters of `aux`") && text.includes("<- aux.layers.0.weight") &&
        text.includes("pi.* reached 4/4, aux.* cut 4/4"),
      text,
    );
  }
});

Deno.test("lines are shown in functions without a name that were given to compile() and audit(), and in methods", async () => {
  const [compiled, audited, method] = await printed(
    `const step = compile((input: Tensor) => {
      const hidden = aux.forward(input).detach();
      pi.forward(input).mul(hidden).mean().backward();
      optimizer.step();
      return [];
    }, { state: [optimizer] });
    await told(() => step(states));`,
    `const report = await audit(async () => {
      const penalty = await aux.forward(states).mean().item() as number;
      return pi.forward(states).square().mean().add(0.1 * (3 * penalty + 1));
    }, [pi, aux]);
    console.log(String(report.error!.message));
    console.log(String(report));`,
    `class Net extends Module {
      hidden = new Linear(4, 4, random);
      head = new Linear(4, 1, random);
      forward(input: Tensor): Tensor {
        return this.head.forward(this.hidden.forward(input).detach());
      }
    }
    const net = new Net();
    const other = new Adam(net.parameters(), { lr: 1e-3 });
    function learn() {
      net.forward(states).mean().backward();
      other.step();
    }
    await told(learn);`,
  );
  ok(/\| {3}const hidden = aux\.forward\(input\)\.detach\(\);\n {2}\| +\^{8} detach\(\)/.test(compiled!), compiled);
  ok(/\| {3}const penalty = await .*\n {2}\| +\^{6} item\(\).*confirmed: frozen/.test(audited!), audited);
  ok(/aux\.layers\.1\.bias +cut +.*cut by item\(\) at `const penalty = .*`, proved/.test(audited!), audited);
  ok(method!.includes("--> notebook cell, Net.forward()\n  |     return this.head.forward(this.hidden"), method);
  ok(method!.includes("`net.hidden.weight`"), method);
});

Deno.test("a line outside of all functions is shown from the notebook's file, whatever is written before it", async () => {
  const [message, typed, short] = await printed(
    `const penalty = await aux.forward(states).mean().item() as number;
    const loss = pi.forward(states).square().mean().add(penalty);
    loss.backward();
    try {
      optimizer.step();
    } catch (error) {
      console.log(error.message);
    }`,
    `// Types and empty lines are not run.

    const agents: MLP[] = Array.from({ length: 2 }, () => new MLP([4, 6, 1], random));

    const value: Tensor = agents[1]!.forward(states).detach();
    try { value.mean().backward(); } catch (error) { console.log(error.message); }`,
    `try { states.sum(5); } catch (error) { console.log(error.message); }`,
  );
  ok(
    message!.includes("--> notebook cell\n  | const penalty = await aux.forward(states).mean().item() as number;\n"),
    message,
  );
  ok(/\n {2}\| {50}\^{6} item\(\) turned/.test(message!), message);
  ok(/\| {5}const loss = .*\.add\(penalty\);\n.* enters here/.test(message!), message);
  ok(
    /\| {5}const value: Tensor = agents\[1\]!\.forward\(states\)\.detach\(\);\n.*\^{8} detach\(\)/.test(typed!),
    typed,
  );
  ok(/4 parameters of `agents\[1\]` cannot learn/.test(typed!), typed);
  ok(/\| try \{ states\.sum\(5\); \}.*\n {2}\| {14}\^{6}\n/.test(short!), short);
});

Deno.test("where the line is not certain, the operation is named and no line is shown", async () => {
  const [top, , twice] = await printed(
    `const a = await aux.forward(states).mean().item() as number; // the gate
    pi.forward(states).square().mean().add(a).backward();
    try {
      optimizer.step();
    } catch (error) {
      console.log(error.message);
    }`,
    `const b = await aux.forward(states).mean().item() as number; // it calls item() at the same place`,
    `function similar() {
      optimizer.zeroGrad();
      const ab = pi.forward(states).detach("data");
      const b = aux.forward(states).detach();
      pi.forward(states).mul(ab.add(b)).mean().backward();
      optimizer.step();
    }
    await told(similar);`,
  );
  ok(/--> notebook cell, at item\(\)\n {2}= item\(\) turned mean#\d+ float32 \[\] into the number/.test(top!), top);
  // Two lines call detach() at the same column; other places of the function tell where it starts, and so which it was.
  ok(/--> notebook cell, similar\(\)\n {2}\| {3}const b = /.test(twice!) && !/const ab/.test(twice!), twice);
});
