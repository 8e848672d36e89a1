/** When a press of the stop button ends a call, and when it does not: by a clock of the test. */

import { deepStrictEqual as equal, rejects, strictEqual } from "node:assert/strict";
import {
  fateOfPress,
  holdInterrupts,
  installPresses,
  Interrupt,
  interruptible,
  patience,
  wholeLater,
} from "../lib/graph/interrupt.ts";

/** What is to be done whole, now. */
const whole = <T>(fn: () => Promise<T>): Promise<T> => wholeLater(fn)();

/** A stop button, a clock, and calls that take a second. */
class Notebook {
  count = 0;
  last = -Infinity;
  time = 1_000_000;
  /** What was done, and "told" where a press was told to end nothing. */
  readonly done: string[] = [];

  now(): number {
    return this.time;
  }

  passOver(): void {
    this.done.push("told");
  }

  press(): void {
    this.count++;
    this.last = this.time;
  }

  /** A call in the library, in which `during` happens. */
  call(name: string, during: () => void = () => {}): () => Promise<string> {
    return interruptible(() => {
      this.time += 500;
      during();
      this.time += 500;
      this.done.push(name);
      return Promise.resolve(name);
    });
  }
}

/** Gives a test a notebook whose button is asked. */
function inNotebook(test: (notebook: Notebook) => Promise<void>): () => Promise<void> {
  return async () => {
    const notebook = new Notebook();
    installPresses(notebook);
    try {
      await test(notebook);
    } finally {
      installPresses(null);
    }
  };
}

Deno.test(
  "a press during a call lets it end, and ends the next one before it begins",
  inNotebook(async (notebook) => {
    strictEqual(await notebook.call("a", () => notebook.press())(), "a");
    strictEqual(fateOfPress(), "waiting");
    await rejects(notebook.call("b"), Interrupt);
    strictEqual(fateOfPress(), "answered");
    await notebook.call("c")();
    equal(notebook.done, ["a", "c"]);
  }),
);

Deno.test(
  "a press ends all calls that wait for their turn, and none that is asked for later",
  inNotebook(async (notebook) => {
    const [a, b, c] = [notebook.call("a", () => notebook.press()), notebook.call("b"), notebook.call("c")];
    await a();
    await rejects(b, Interrupt);
    const later = notebook.call("later");
    await rejects(c, Interrupt);
    await later();
    const first = notebook.call("first");
    notebook.press();
    notebook.time += 2 * patience;
    await rejects(first, Interrupt);
    equal(notebook.done, ["a", "later"]);
  }),
);

Deno.test(
  "a press between two calls ends the second, unless that comes much later: it belongs to another cell then",
  inNotebook(async (notebook) => {
    await notebook.call("a")();
    notebook.press();
    notebook.time += patience;
    await rejects(notebook.call("b"), Interrupt);
    await notebook.call("c")();
    notebook.press();
    notebook.time += patience + 1;
    strictEqual(fateOfPress(), "lost");
    await notebook.call("d")();
    equal(notebook.done, ["a", "c", "told", "d"]);
  }),
);

Deno.test(
  "presses before any call, and after one was answered, end nothing",
  inNotebook(async (notebook) => {
    notebook.press();
    strictEqual(fateOfPress(), "lost");
    await notebook.call("first")();
    await notebook.call("second")();
    await notebook.call("a", () => notebook.press())();
    await rejects(notebook.call("b"), Interrupt);
    notebook.press();
    notebook.time += 2 * patience;
    strictEqual(fateOfPress(), "answered");
    await notebook.call("c")();
    equal(notebook.done, ["told", "first", "second", "a", "c"]);
  }),
);

Deno.test(
  "what is to be done whole is done whole, and ended after it",
  inNotebook(async (notebook) => {
    const iterate = () =>
      whole(async () => {
        await notebook.call("collect", () => notebook.press())();
        strictEqual(fateOfPress(), "under way");
        return await notebook.call("learn")();
      });
    strictEqual(await iterate(), "learn");
    await rejects(iterate, Interrupt);
    equal(notebook.done, ["collect", "learn"]);
  }),
);

Deno.test(
  "what waits for its turn to be done whole is ended by a press while it waits, all of it by one",
  inNotebook(async (notebook) => {
    const [first, ...waiting] = ["a", "b", "c"].map((name) =>
      wholeLater(async () => void await notebook.call(name, () => notebook.press())())
    );
    await first!();
    for (const one of waiting) await rejects(one, Interrupt);
    await whole(async () => void await notebook.call("d")());
    equal(notebook.done, ["a", "d"]);
  }),
);

Deno.test(
  "who holds is asked to end, answers for itself, and is answered for once",
  inNotebook(async (notebook) => {
    const hold = holdInterrupts();
    await notebook.call("a", () => notebook.press())();
    await whole(async () => void await notebook.call("b")());
    strictEqual(hold.requested, true);
    const error = hold.answer("Interrupted: it is saved.");
    hold.release();
    notebook.press();
    equal([error.name, error.message, error.stack], [
      "Interrupt",
      "Interrupted: it is saved.",
      "Interrupt: Interrupted: it is saved.",
    ]);
    await notebook.call("c")();
    equal(notebook.done, ["a", "b", "c"]);
  }),
);

Deno.test("where no button is there, calls are what they were", async () => {
  const task = () => Promise.resolve(1);
  strictEqual(interruptible(task), task);
  const hold = holdInterrupts();
  strictEqual(hold.requested, false);
  hold.release();
  strictEqual(await whole(task), 1);
});

Deno.test(
  "a press before a cell has asked for any call ends none of them, and that is told",
  inNotebook(async (notebook) => {
    notebook.press();
    const [a, b] = [notebook.call("a"), notebook.call("b")];
    await a();
    notebook.press();
    await rejects(b, Interrupt);
    // Those of one who presses often mean one thing.
    notebook.press();
    await notebook.call("c")();
    equal(notebook.done, ["told", "a", "c"]);
  }),
);
