/** A contestant of the bench: a child process that answers requests one at a time, so that several can take turns. */

import { createInterface, type Interface } from "node:readline";
import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import type { Answer, Request } from "./protocol.ts";

/** How a contestant is started. */
export interface Entry {
  /** As the tables call it: "jax-js wasm". */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** The cases that it has. */
  readonly cases: RegExp;
  readonly env?: Readonly<Record<string, string>>;
}

/** A running contestant. */
export class Contestant {
  readonly name: string;
  readonly cases: RegExp;
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #lines: AsyncIterator<string>;
  readonly #reader: Interface;
  #complaint = "";

  /** Starts the process. */
  constructor({ name, cases, command, args, env }: Entry) {
    this.name = name;
    this.cases = cases;
    this.#child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"], env: { ...Deno.env.toObject(), ...env } });
    this.#child.on("error", (error) => this.#complaint = error.message);
    this.#child.stdin.on("error", (error) => this.#complaint ||= error.message);
    this.#child.stderr.on("data", (text) => this.#complaint = `${this.#complaint}${text}`.slice(-2000));
    this.#reader = createInterface({ input: this.#child.stdout });
    this.#lines = this.#reader[Symbol.asyncIterator]();
  }

  /** Runs a case; a contestant that has died refuses everything, with its last words. */
  async ask(request: Request): Promise<Answer> {
    this.#child.stdin.write(`${JSON.stringify(request)}\n`);
    while (true) {
      const { value, done } = await this.#lines.next();
      if (done) return { why: `${this.name} ended: ${this.#complaint.trim().split("\n").at(-1) || "it said nothing"}` };
      // Libraries print to the standard output too.
      if (value.startsWith("{")) return JSON.parse(value) as Answer;
    }
  }

  /** Ends the process. */
  close(): void {
    this.#child.stdin.end();
    this.#reader.close();
    this.#child.kill();
  }
}
