/** A Deno kernel in a child process, driven over the Jupyter protocol. */

import { decodeMessage, encodeRequest, type Message } from "./messages.ts";
import { type SocketType, ZmtpSocket } from "./zmtp.ts";

/** How a request ended. */
export interface Reply {
  status: "ok" | "error" | "aborted";
  /** If it failed: the error's name, text and stack. */
  ename?: string;
  evalue?: string;
  traceback?: string[];
}

const host = "127.0.0.1";
const attempts = 3;
const channels = ["shell", "iopub", "control", "stdin", "hb"] as const;
type Ports = Record<typeof channels[number], number>;

/** A kernel that runs. */
export class Kernel {
  /** Gets every message that the kernel publishes. */
  onMessage: (message: Message) => void = () => {};

  readonly #session = crypto.randomUUID();
  readonly #waiting = new Map<string, { reply?: Reply; idle?: boolean; done: PromiseWithResolvers<Reply> }>();
  readonly #died = Promise.withResolvers<never>();
  readonly #key: string;
  readonly #process: Deno.ChildProcess;
  readonly #unguard: () => Promise<void>;
  #shell: ZmtpSocket | null = null;
  #iopub: ZmtpSocket | null = null;
  #next: PromiseWithResolvers<void> | null = null;
  #lastWord: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  private constructor(process: Deno.ChildProcess, key: string) {
    this.#process = process;
    this.#unguard = guard(process.pid);
    this.#key = key;
    this.#died.promise.catch(() => {});
    process.status.then(({ code, signal }) => this.#fail(`The kernel ended with ${signal ?? `exit code ${code}`}.`));
  }

  /**
   * Starts a kernel in the folder `cwd`, which decides the deno.json that applies. What it writes to its own standard error
   * passes through. `notebook` is the file whose cells will be run. When `signal` aborts, the kernel is killed and all that waits for it throws the reason.
   */
  static async start(cwd: string, signal: AbortSignal, notebook?: string): Promise<Kernel> {
    for (let attempt = 1;; attempt++) {
      try {
        return await Kernel.#startOnce(cwd, signal, notebook);
      } catch (error) {
        // Another process may take a port between the choice and the kernel's start.
        if (signal.aborted || attempt === attempts) throw error;
      }
    }
  }

  static async #startOnce(cwd: string, signal: AbortSignal, notebook?: string): Promise<Kernel> {
    signal.throwIfAborted();
    const key = crypto.randomUUID();
    const ports = freePorts();
    const file = await Deno.makeTempFile({ prefix: "kernel-", suffix: ".json" });
    const process = await launch(file, key, ports, cwd, notebook);
    const kernel = new Kernel(process, key);
    signal.addEventListener("abort", () => kernel.#fail(signal.reason.message), { once: true });
    try {
      kernel.#iopub = await kernel.#connect("SUB", ports.iopub);
      kernel.#shell = await kernel.#connect("DEALER", ports.shell);
      kernel.#listen(kernel.#iopub);
      kernel.#listen(kernel.#shell);
      // What is published before the kernel has read the subscription is lost: asks until an answer comes through.
      while (!await kernel.#answersWithin(500));
      return kernel;
    } catch (error) {
      await kernel.close();
      throw error;
    } finally {
      await Deno.remove(file);
    }
  }

  /** Runs `code`. Resolves when the kernel has answered and is idle; output may still be under way then. */
  execute(code: string): Promise<Reply> {
    return this.#request("execute_request", {
      code,
      silent: false,
      store_history: true,
      user_expressions: {},
      allow_stdin: false,
      stop_on_error: false,
    });
  }

  /** What the stop button of a notebook does: the kernel's process gets SIGINT. */
  interrupt(): void {
    this.#process.kill("SIGINT");
  }

  /** Waits for a message after which `condition` holds. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      this.#next ??= Promise.withResolvers<void>();
      await Promise.race([this.#next.promise, this.#died.promise]);
    }
  }

  /** Stops the kernel. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#lastWord);
    this.#fail("The kernel is closed.");
    await this.#process.status;
    await this.#unguard();
  }

  #fail(message: string): void {
    this.#died.reject(new Error(message));
    this.#shell?.close();
    this.#iopub?.close();
    this.#shell = this.#iopub = null;
    try {
      this.#process.kill("SIGKILL");
    } catch (error) {
      // It has ended by itself.
      if (!(error instanceof TypeError)) throw error;
    }
  }

  /** Connects as soon as the kernel listens. */
  async #connect(type: SocketType, port: number): Promise<ZmtpSocket> {
    while (true) {
      try {
        return await Promise.race([ZmtpSocket.connect(type, host, port), this.#died.promise]);
      } catch (error) {
        if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }

  async #listen(socket: ZmtpSocket): Promise<void> {
    try {
      while (true) this.#dispatch(decodeMessage(this.#key, await socket.receive()));
    } catch (error) {
      if (this.#closed) return;
      // If the kernel is ending, its exit code says more than the lost connection.
      this.#lastWord ??= setTimeout(() => this.#fail((error as Error).message), 1000);
    }
  }

  #dispatch(message: Message): void {
    const waiting = this.#waiting.get(message.parentId);
    if (waiting !== undefined) {
      if (message.type.endsWith("_reply")) waiting.reply = message.content as unknown as Reply;
      if (message.type === "status" && message.content.execution_state === "idle") waiting.idle = true;
      if (waiting.reply !== undefined && waiting.idle) {
        this.#waiting.delete(message.parentId);
        waiting.done.resolve(waiting.reply);
      }
    }
    this.onMessage(message);
    this.#next?.resolve();
    this.#next = null;
  }

  async #answersWithin(milliseconds: number): Promise<boolean> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const limit = new Promise<boolean>((resolve) => timer = setTimeout(() => resolve(false), milliseconds));
    try {
      return await Promise.race([this.#request("kernel_info_request", {}).then(() => true), limit]);
    } finally {
      clearTimeout(timer);
    }
  }

  async #request(type: string, content: Record<string, unknown>): Promise<Reply> {
    if (this.#shell === null) return await this.#died.promise;
    const { id, frames } = encodeRequest(this.#key, this.#session, type, content);
    const done = Promise.withResolvers<Reply>();
    this.#waiting.set(id, { done });
    await this.#shell.send(frames);
    return await Promise.race([done.promise, this.#died.promise]);
  }
}

async function launch(
  file: string,
  key: string,
  ports: Ports,
  cwd: string,
  notebook?: string,
): Promise<Deno.ChildProcess> {
  const connection = {
    ip: host,
    transport: "tcp",
    key,
    signature_scheme: "hmac-sha256",
    kernel_name: "deno",
    ...Object.fromEntries(channels.map((channel) => [`${channel}_port`, ports[channel]])),
  };
  await Deno.writeTextFile(file, JSON.stringify(connection));
  const args = ["jupyter", "--quiet", "--kernel", "--conn", file];
  // Colours would be stored in the notebook as escape sequences.
  const env = { NO_COLOR: "1", ...(notebook ? { JPY_SESSION_NAME: notebook } : {}) };
  return new Deno.Command(Deno.execPath(), { args, cwd, env, stdin: "null", stdout: "null", stderr: "inherit" })
    .spawn();
}

/**
 * Ends a process when this one has gone without a word, killed for one: a kernel in a cell that never ends would go on for ever. Gives
 * the function that says the word. Windows has no shell for it.
 */
export function guard(pid: number): () => Promise<void> {
  if (Deno.build.os === "windows") return () => Promise.resolve();
  // What stops this process by its terminal is not for the guard.
  const program = 'trap "" INT TERM HUP; read -r word || kill -9 "$0"';
  const watching = new Deno.Command("sh", {
    args: ["-c", program, `${pid}`],
    stdin: "piped",
    stdout: "null",
    stderr: "null",
  }).spawn();
  return async () => {
    await new Blob(["done\n"]).stream().pipeTo(watching.stdin);
    await watching.status;
  };
}

/** Ports that nobody listens on now. */
function freePorts(): Ports {
  const listeners = channels.map(() => Deno.listen({ hostname: host, port: 0 }));
  const ports = listeners.map((listener) => listener.addr.port);
  for (const listener of listeners) listener.close();
  return Object.fromEntries(channels.map((channel, i) => [channel, ports[i]!])) as Ports;
}
