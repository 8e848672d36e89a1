/**
 * What a sweep and a head of Ray say to each other, as it was recorded: four runs of a program of the shell, of which one ends, one
 * fails, one is stopped, and one is lost with the process that keeps it. It can be recorded again at a head of Ray, and is served.
 */

import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import type { Launcher, Told, Work } from "../../lib/train/sweep/launcher.ts";
import { ray } from "../../lib/train/sweep/ray/engine.ts";
import { capture } from "../train/harness.ts";

/** A question and its answer. */
interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly status: number;
  readonly text: string;
}

/** A recording. */
export interface Recording {
  /** Of the sweep: a head knows its jobs by it. */
  readonly token: string;
  readonly exchanges: readonly Exchange[];
  /** What WebSockets said, by their paths. */
  readonly sockets: Readonly<Record<string, readonly string[]>>;
}

const scripts = {
  ends: "echo begun; sleep 1; echo done",
  fails: 'echo begun; echo "error: the disk is full"; exit 1',
  stops: "echo begun; trap 'echo saved; exit 130' TERM; sleep 600 & wait",
  // The process that keeps a job is the parent of the job's.
  lost: 'echo begun; sleep 1; kill -9 "$PPID"; sleep 600',
};

/** What is asked of the launcher, at a head or at a recording, in `folder`. What it told of each run, and what became of the logs. */
export async function scenario(address: string, token: string, folder: string): Promise<{
  readonly told: ReadonlyMap<string, Told>;
  readonly logs: Readonly<Record<string, string>>;
}> {
  const values = { address, cpus: 1, gpus: null };
  assert.deepEqual(await ray.check(values, 4), { threads: 1 });
  const work: Work = {
    name: "it's",
    folder: join(folder, "it's a sweep"),
    runs: 4,
    threads: 1,
    command: ["/bin/sh", "-c"],
    next: null,
    out: capture(),
  };
  Deno.mkdirSync(join(work.folder, ".ray"), { recursive: true });
  Deno.writeTextFileSync(join(work.folder, ".ray/token"), token);
  const launcher = await ray.open(work, values);
  try {
    assert.deepEqual(await launcher.begun(), []);
    const runs = Object.entries(scripts);
    await launcher.start(
      runs.map(([id, script]) => ({ id, folder: id, until: 1, arguments: [script, "name\n$(exit)"] })),
    );
    const told = await follow(launcher);
    const logs = [...Deno.readDirSync(join(work.folder, ".ray"))].map(({ name }) => name).sort();
    const texts = logs.map((name) => [name, Deno.readTextFileSync(join(work.folder, ".ray", name))] as const);
    return { told, logs: Object.fromEntries(texts) };
  } finally {
    await launcher.close?.();
  }
}

/** Looks until all have ended; the run that does not end by itself is stopped when it is alone. */
async function follow(launcher: Launcher): Promise<ReadonlyMap<string, Told>> {
  for (;;) {
    const told = await launcher.look();
    const open = [...told].filter(([, { state }]) => state !== "ended").map(([id]) => id);
    if (open.length === 0) return told;
    if (open.join() === "stops" && told.get("stops")?.state === "running") await launcher.stop(open);
    await launcher.changed();
  }
}

/** Without what is of one machine and one time only. */
function cleaned(text: string, folder: string): string {
  return text
    .replaceAll(folder, "/shared")
    .replaceAll(Deno.version.deno, "DENO")
    .replaceAll(/\/[^\s"]*\/site-packages\//g, "/site-packages/")
    .replaceAll(/\d+\.\d+\.\d+\.\d+/g, "10.0.0.1")
    .replaceAll(/\d+-\d+-\d+ \d+:\d+:\d+,\d+/g, "2026-01-01 00:00:00,000")
    .replaceAll(/"(driver_node_id|session_name|ray_commit)":(\s*)"[^"]*"/g, '"$1":$2"unknown"')
    .replaceAll(/"(start|end)_time":(\s*)\d+/g, '"$1_time":$21');
}

/** Records the scenario at a head of Ray. */
export async function record(head: string, folder: string): Promise<Recording> {
  const token = crypto.randomUUID();
  const exchanges: Exchange[] = [];
  const sockets: Record<string, string[]> = {};
  const clean = (text: string) => cleaned(text, folder);
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { pathname: path } = new URL(request.url);
    if (request.headers.get("upgrade") === "websocket") {
      const { socket, response } = Deno.upgradeWebSocket(request);
      const other = new WebSocket(head.replace(/^http/, "ws") + path);
      const said = sockets[path] = [] as string[];
      other.onmessage = ({ data }) => {
        said.push(clean(data));
        socket.send(data);
      };
      other.onclose = () => socket.close();
      return response;
    }
    const body = await request.text();
    const headers = { "content-type": "application/json" };
    const answer = await fetch(head + path, { method: request.method, ...body !== "" && { body, headers } });
    const text = path === "/api/jobs/" && request.method === "GET"
      ? ours(await answer.text(), token)
      : await answer.text();
    const exchange = { method: request.method, path, status: answer.status, text: clean(text) };
    const last = exchanges.findLast((x) => x.method === exchange.method && x.path === path);
    if (last?.text !== exchange.text) {
      exchanges.push({ ...exchange, ...body !== "" && { body: JSON.parse(clean(body)) } });
    }
    return new Response(text, { status: answer.status });
  });
  try {
    await scenario(`http://127.0.0.1:${server.addr.port}`, token, folder);
    return { token, exchanges, sockets };
  } finally {
    await server.shutdown();
  }
}

/** The jobs of the sweep, in one order: a head knows others too. */
function ours(text: string, token: string): string {
  const jobs = (JSON.parse(text) as { metadata: { sweep?: string; run?: string } }[])
    .filter(({ metadata }) => metadata.sweep === token)
    .sort((a, b) => a.metadata.run! < b.metadata.run! ? -1 : 1);
  return JSON.stringify(jobs);
}

/**
 * Serves a recording: what is asked must be what was asked then. A list of jobs is given until what was asked of the head before the
 * next one is asked here too.
 */
export function serve({ exchanges, sockets }: Recording, folder: string): Deno.HttpServer<Deno.NetAddr> {
  const isList = ({ method, path }: Pick<Exchange, "method" | "path">) => method === "GET" && path === "/api/jobs/";
  const open = [...exchanges];
  let list = open.find(isList)!;
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { pathname: path } = new URL(request.url);
    const { method } = request;
    if (request.headers.get("upgrade") === "websocket") {
      const { socket, response } = Deno.upgradeWebSocket(request);
      socket.onopen = () => {
        for (const text of sockets[path] ?? []) socket.send(text);
        socket.close();
      };
      return response;
    }
    const text = cleaned(await request.text(), folder);
    if (isList({ method, path })) {
      const next = open.find((x, i) =>
        isList(x) && i > open.indexOf(list) && !open.slice(0, i).some((y) => y.method === "POST")
      );
      list = next ?? list;
      return new Response(list.text);
    }
    const known = exchanges.find((x) => x.method === method && x.path === path && isSame(x.body, text));
    if (!known) return new Response(`not recorded: ${text}`, { status: 400 });
    if (method === "POST") open.splice(open.indexOf(known), 1);
    return new Response(known.text, { status: known.status });
  });
}

function isSame(body: unknown, text: string): boolean {
  return JSON.stringify(body) === JSON.stringify(text === "" ? undefined : JSON.parse(text));
}

/** The recording that tests are served. */
export const recordingPath = join(dirname(import.meta.dirname!), "fixtures/ray_jobs.json");

if (import.meta.main) {
  const folder = Deno.makeTempDirSync();
  Deno.chdir(folder);
  Deno.writeTextFileSync(recordingPath, `${JSON.stringify(await record(Deno.args[0]!, folder), null, 2)}\n`);
}
