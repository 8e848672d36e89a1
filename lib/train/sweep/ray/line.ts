/** The line to a head of Ray: a process of its own has the network, and is asked through its standard input. */

import { fileURLToPath } from "node:url";
import { UsageError } from "../../../systems/usage.ts";
import type { Answer, Question } from "./questions.ts";

/** An answer over HTTP. */
export interface Reply {
  readonly status: number;
  readonly text: string;
}

/** No answer came: its message says why. */
export class NoAnswer extends Error {
  /** For messages. */
  override readonly name = "NoAnswer";
}

/** The address that `--address` names. Throws a {@linkcode UsageError} if it is none. */
export function addressOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url && /^https?:$/.test(url.protocol)) return url;
  throw new UsageError(`--address ${text} is no address of a head of Ray: give one as http://head:8265.`);
}

/** A line that is open. */
export class Line {
  readonly #base: string;
  readonly #process: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #count = 0;
  #closed = false;

  /** Opens a line to a head. */
  constructor(address: URL) {
    this.#base = address.href.replace(/\/$/, "");
    const port = address.port || (address.protocol === "https:" ? "443" : "80");
    this.#process = new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--quiet", "--no-prompt", "--no-config", "--no-lock", `--allow-net=${address.hostname}:${port}`],
        fileURLToPath(import.meta.resolve("./relay.ts")),
      ],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#writer = this.#process.stdin.getWriter();
    void this.#listen();
  }

  async #listen(): Promise<void> {
    let rest = "";
    for await (const text of this.#process.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = `${rest}${text}`.split("\n");
      rest = lines.pop()!;
      for (const line of lines) {
        const answer = JSON.parse(line) as Answer;
        this.#waiting.get(answer.id)?.(answer);
      }
    }
    this.#closed = true;
    for (const [id, hear] of this.#waiting) hear({ id, error: "the process that asks it has ended" });
  }

  #ask(question: Question, hear: (answer: Answer) => void): void {
    this.#waiting.set(question.id, hear);
    if (this.#closed) return hear({ id: question.id, error: "the line is closed" });
    // That it has ended is heard by who listens.
    this.#writer.write(new TextEncoder().encode(`${JSON.stringify(question)}\n`)).catch(() => {});
  }

  /** Asks the head. Throws a {@linkcode NoAnswer}. */
  request(method: string, path: string, body?: unknown): Promise<Reply> {
    const id = this.#count++;
    return new Promise((resolve, reject) =>
      this.#ask({ id, method, url: this.#base + path, ...body !== undefined && { body } }, (answer) => {
        this.#waiting.delete(id);
        if ("status" in answer) resolve(answer);
        else reject(new NoAnswer("error" in answer ? answer.error : "it closed the line"));
      })
    );
  }

  /** Follows a WebSocket of the head: `hear` is given what it says, `done` is called when it closes. */
  follow(path: string, hear: (text: string) => void, done: () => void): void {
    const id = this.#count++;
    this.#ask({ id, url: this.#base + path, follow: true }, (answer) => {
      if ("text" in answer) return hear(answer.text);
      this.#waiting.delete(id);
      done();
    });
  }

  /** Closes it. */
  async close(): Promise<void> {
    await this.#writer.close().catch(() => {});
    await this.#process.status;
  }
}
