/** The stop button of a notebook, which is a SIGINT to its kernel: the cell ends with a sentence, and the next has everything. */

import { deepStrictEqual as equal, match, strictEqual } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { Kernel, type Reply } from "../tasks/jupyter/kernel.ts";
import { withFolder } from "./train/harness.ts";

const between =
  "Interrupted between two calls of Plumbline: what had begun is done whole, and all variables are as it left them.";

/** A kernel, and what its cells print. */
class Session {
  /** What the cell that runs has printed so far. */
  printed = "";
  /** What it does. */
  doing = "nothing yet";

  constructor(readonly kernel: Kernel) {
    kernel.onMessage = ({ type, content }) => {
      if (type === "stream") this.printed += content.text;
      if (type === "execute_result") this.printed += `${(content.data as Record<string, string>)["text/plain"]}\n`;
    };
  }

  /** Runs a cell to its end. */
  async run(code: string): Promise<Reply> {
    this.printed = "";
    this.doing = code;
    const reply = await this.kernel.execute(code);
    // Output may come after the answer.
    this.doing = "the end of a cell";
    equal((await this.kernel.execute(`console.log("end of cell")`)).status, "ok");
    await this.kernel.until(() => this.printed.includes("end of cell\n"));
    this.printed = this.printed.replace("end of cell\n", "");
    return reply;
  }

  /**
   * Runs a cell, and presses the button when it has printed that it is running: thrice, and again when it is told that this found
   * nothing to end. Not before: a press that comes late, when the cell has ended, ends a call of the next one.
   */
  async stop(code: string): Promise<Reply> {
    const reply = this.run(code);
    const isOver = reply.then(() => true);
    const lost = () => this.printed.split("no call of Plumbline was there").length;
    // A cell that ends before it says that it runs says why.
    let ended = await Promise.race([isOver, this.kernel.until(() => this.printed.includes("running\n"))]);
    while (ended !== true) {
      const known = lost();
      for (let i = 0; i < 3; i++) this.kernel.interrupt();
      ended = await Promise.race([isOver, this.kernel.until(() => lost() > known)]);
    }
    return await reply;
  }

  /** Runs a cell that must not fail; gives what it prints. */
  async read(code: string): Promise<string> {
    const reply = await this.run(code);
    equal([reply.status, reply.evalue], ["ok", undefined]);
    return this.printed;
  }
}

/** A kernel that hangs is ended after so many milliseconds; none of the tests takes a minute on a machine that is busy. */
const patience = 240_000;

/** Gives a test a kernel in which the library is imported. */
async function withKernel(test: (session: Session) => Promise<void>): Promise<void> {
  const limit = new AbortController();
  let session: Session | null = null;
  const timer = setTimeout(() => {
    const { doing, printed } = session ?? { doing: "its start", printed: "" };
    limit.abort(new Error(`the kernel hangs in ${doing}, having printed ${JSON.stringify(printed)}`));
  }, patience);
  const kernel = await Kernel.start(fileURLToPath(new URL("..", import.meta.url)), limit.signal);
  try {
    session = new Session(kernel);
    await session.read(`import * as p from "./mod.ts"; await p.useDevice("cpu");`);
    await test(session);
  } finally {
    clearTimeout(timer);
    await kernel.close();
  }
}

function isInterrupted({ status, ename, evalue, traceback }: Reply, sentence: string | RegExp = between): void {
  equal([status, ename], ["error", "Interrupt"]);
  if (typeof sentence === "string") strictEqual(evalue, sentence);
  else match(evalue!, sentence);
  equal(traceback, [`Interrupt: ${evalue}`]);
}

Deno.test("stop ends a cell between two calls, compiled or not; the next cell has its variables, whole", () =>
  withKernel(async (session) => {
    await session.read(`const count = new p.Variable(p.tensor(0), "count");
      const step = p.compile((x) => { count.assign(count.add(x)); return count.mul(10); }, { state: count });
      let steps = 0;`);
    isInterrupted(await session.stop(`for (;; steps++) { await step(1); if (steps === 3) console.log("running"); }`));
    strictEqual(await session.read(`await count.item() === steps && steps > 3`), "true\n");
    strictEqual(await session.read(`(await (await step(1)).item()) === 10 * (steps + 1)`), "true\n");
    isInterrupted(
      await session.stop(`let total = p.tensor(0), reads = 0;
        for (;; reads++) { total = p.tensor(await total.add(1).item()); if (reads === 3) console.log("running"); }`),
    );
    strictEqual(await session.read(`await total.item() === reads && reads > 3`), "true\n");
  }));

Deno.test("stop ends calls that wait for their turn, and those of a cell that waits between them; pressing often is pressing once", () =>
  withKernel(async (session) => {
    await session.read(
      `const step = p.compile((x) => p.scan((h) => [h.mul(0.999).sin(), []], x, [], { length: 2000 })[0]);
      const x = p.ones([64, 64]);
      const sleep = (ms) => new Promise((done) => setTimeout(done, ms));`,
    );
    isInterrupted(
      await session.stop(`console.log("running"); await Promise.all(Array.from({ length: 20000 }, () => step(x)));`),
    );
    strictEqual(await session.read(`(await step(x)).shape.length`), "2\n");
    isInterrupted(await session.stop(`for (;;) { await step(x); console.log("running"); await sleep(300); }`));
    strictEqual(await session.read(`(await step(x)).shape.length`), "2\n");
  }));

Deno.test("stop ends a trainer after an iteration: it goes on bit for bit", () =>
  withKernel(async (session) => {
    await session.read(
      `const options = { algorithm: "mappo", framesPerBatch: 130, numEpochs: 2, minibatchSize: 50, lr: 1e-3,
        maxGradNorm: 1, clipEpsilon: 0.2, entropyEps: 0, gamma: 0.99, lmbda: 0.95, seed: 3 };
      const make = () => p.PPOTrainer.create(new p.Navigation({ nAgents: 3, maxSteps: 10 }), options);
      const trainer = await make();
      const rewards = [];`,
    );
    isInterrupted(
      await session.stop(`for (;;) {
        rewards.push((await trainer.iterate())["train/step_reward_mean"]);
        if (rewards.length === 2) console.log("running");
      }`),
    );
    strictEqual(await session.read(`trainer.iteration === rewards.length && rewards.length >= 2`), "true\n");
    strictEqual(
      await session.read(`const other = await make();
        const again = [];
        for (const _ of rewards) again.push((await other.iterate())["train/step_reward_mean"]);
        const [next, expected] = [await trainer.iterate(), await other.iterate()];
        JSON.stringify([again, next]) === JSON.stringify([rewards, expected])`),
      "true\n",
    );
  }));

Deno.test("stop ends trainRun() as Ctrl-C ends the command: it is saved, and what the cell says goes on with it", () =>
  withFolder((out) =>
    withKernel(async (session) => {
      await session.read(`const { trainRun } = p;
        const settings = { device: "cpu", framesPerBatch: 130, maxSteps: 10, numEpochs: 2, minibatchSize: 50,
          nIters: 100000, saveEvery: 1000 };
        const seen = [];
        const onIteration = ({ iteration }) => void (seen.push(iteration) === 2 && console.log("running"));`);
      const sentence =
        /^Interrupted after iteration (\d+) of 100000, which is saved\. To resume: await (trainRun\(.*\))$/;
      const first = await session.stop(`await trainRun(settings, { out: ${JSON.stringify(out)}, onIteration });`);
      isInterrupted(first, sentence);
      const [, last, again] = sentence.exec(first.evalue!)!;
      strictEqual(
        await session.read(`const [run] = p.readRuns([${JSON.stringify(out)}]).runs;
          [run.state, run.iterations, seen.at(-1), seen.splice(0).length].join()`),
        `"${["interrupted", last, last, last].join()}"\n`,
      );
      isInterrupted(await session.stop(`await ${again!.replace(" })", ", onIteration })")};`), sentence);
      strictEqual(await session.read("seen[0]"), `${Number(last) + 1}\n`);
    })
  ));

Deno.test("stop in a cell in which nothing of the library runs says what can be done, and ends nothing later", () =>
  withKernel(async (session) => {
    const reply = session.run(`console.log("running");
      await new Promise((done) => {
        const { warn } = console;
        console.warn = (text) => (warn(text), done());
      });`);
    await session.kernel.until(() => session.printed.includes("running\n"));
    session.kernel.interrupt();
    strictEqual((await reply).status, "ok");
    match(
      session.printed,
      /^running\nStop: no call of Plumbline was there to be ended\. .* by restarting the kernel\.\n$/,
    );
    strictEqual(await session.read("await p.tensor(2).item()"), "2\n");
  }));
