/** What a sweep and a head of Ray say to each other: recorded at a real one, and what it cannot be made to say at will. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { UsageError } from "../../lib/systems/usage.ts";
import type { Launcher, Told } from "../../lib/train/sweep/launcher.ts";
import { ray } from "../../lib/train/sweep/ray/engine.ts";
import { entrypointOf } from "../../lib/train/sweep/ray/entrypoint.ts";
import { capture, withFolder } from "../train/harness.ts";
import { type Recording, recordingPath, scenario, serve } from "./ray_jobs.ts";

Deno.test("runs are begun, followed, stopped and lost on Ray as they were at a real head", () =>
  withFolder(async (base) => {
    const recording = JSON.parse(Deno.readTextFileSync(recordingPath)) as Recording;
    const cwd = Deno.cwd();
    Deno.chdir(base);
    const server = serve(recording, Deno.cwd());
    try {
      const { told, logs } = await scenario(`http://127.0.0.1:${server.addr.port}`, recording.token, base);
      assert.deepEqual(Object.fromEntries(told), {
        ends: { state: "ended" },
        fails: { state: "ended", problem: "the disk is full" },
        stops: { state: "ended", problem: "It was stopped, and is saved." },
        lost: {
          state: "ended",
          problem:
            'Ray lost its job: "Job supervisor actor died: The actor died unexpectedly before finishing this task.".',
        },
      });
      assert.deepEqual(Object.keys(logs), ["ends.1.log", "fails.1.log", "lost.1.log", "stops.1.log", "token"]);
      // What was submitted is no part of what a program says.
      const said = logs["ends.1.log"]!.split("\n").slice(1);
      assert.deepEqual(said, ["begun", "done", ""]);
    } finally {
      await server.shutdown();
      Deno.chdir(cwd);
    }
  }));

/** A head that answers what a test says. */
async function withHead(
  answer: (method: string, path: string, body: string) => [status: number, text: string],
  test: (address: string) => Promise<void>,
): Promise<void> {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const [status, text] = answer(request.method, new URL(request.url).pathname, await request.text());
    return new Response(text, { status });
  });
  try {
    await test(`http://127.0.0.1:${server.addr.port}`);
  } finally {
    await server.shutdown();
  }
}

const values = (address: string) => ({ address, cpus: 1, gpus: null });

Deno.test("a head that does not answer, or is none, is told before anything is written", async () => {
  let address = "";
  await withHead(() => [404, "<html>\nnot found"], async (at) => {
    address = at;
    await assert.rejects(
      ray.check(values(at), 1),
      new UsageError(
        `--on ray: ${at} answers, but not as a head of Ray does (404 "not found"): give --address as its dashboard has it.`,
      ),
    );
  });
  await assert.rejects(
    ray.check(values(address), 1),
    new UsageError(
      `--on ray: ${address} does not answer (connection refused): start the head, or give --address as its dashboard has it.`,
    ),
  );
  for (const none of ["head", "ray://head:10001"]) {
    await assert.rejects(
      ray.check(values(none), 1),
      new UsageError(`--address ${none} is no address of a head of Ray: give one as http://head:8265.`),
    );
  }
});

/** What a launcher says of its runs. */
const toldOf = async (launcher: Launcher): Promise<Record<string, Told>> => Object.fromEntries(await launcher.look());

Deno.test("a job that Ray gives up or forgets, or does not take, is begun again or told", () =>
  withFolder(async (base) => {
    const submitted: { submission_id: string; metadata: unknown; entrypoint: string; entrypoint_num_gpus?: number }[] =
      [];
    let problem: Record<string, unknown> = {};
    let silent = false;
    const head = (method: string, path: string, body: string): [number, string] => {
      if (silent) return [503, "Service Unavailable"];
      if (method === "POST" && path === "/api/jobs/") {
        if (body.includes('"refused"')) return [500, "Traceback:\n  File\nValueError: no such resource.\n.\n"];
        submitted.push(JSON.parse(body));
        return [200, "{}"];
      }
      const jobs = submitted.map((job) => ({ ...job, status: "PENDING", driver_agent_http_address: null, ...problem }));
      return [200, JSON.stringify(jobs)];
    };
    await withHead(head, async (address) => {
      const about = { name: "sweep", runs: 2, threads: 1, command: ["deno", "run"], next: null };
      const out = capture();
      const work = { ...about, folder: join(base, "sweep"), out };
      const job = (id: string) => ({ id, folder: id, until: 1, arguments: [] });
      const launcher = await ray.open(work, { ...values(address), gpus: 2 });
      const other = await ray.open(work, values(address));
      try {
        assert.deepEqual(await launcher.begun(), []);
        assert.equal(launcher.room, 2);
        await launcher.start([job("a"), job("refused")]);
        assert.equal(submitted[0]!.entrypoint_num_gpus, 2);
        const refused = {
          state: "ended",
          problem: 'Ray does not take it (500 "ValueError: no such resource.").',
        } as const;
        assert.deepEqual(await toldOf(launcher), { a: { state: "waiting" }, refused });
        // Another process finds what this one has begun.
        assert.deepEqual(await other.begun(), ["a"]);
        // Ray lets no job wait for longer than a quarter of an hour.
        problem = {
          status: "FAILED",
          error_type: "JOB_SUPERVISOR_ACTOR_START_TIMEOUT",
          driver_exit_code: null,
          message: "no",
        };
        assert.deepEqual(await toldOf(launcher), { a: { state: "waiting" }, refused });
        assert.deepEqual(submitted.map((x) => x.submission_id.replace(/-\w{8}-/, "-")), ["sweep-a-1", "sweep-a-2"]);
        silent = true;
        assert.deepEqual(await toldOf(launcher), { a: { state: "waiting" }, refused });
        assert.equal(
          out.text,
          `--on ray: ${address} answers, but not as a head of Ray does (503 "Service Unavailable"): give --address as its ` +
            "dashboard has it. It is asked again, and the runs go on.\n",
        );
        silent = false;
        submitted.length = 0;
        assert.deepEqual(await toldOf(launcher), {
          a: {
            state: "ended",
            problem: "Ray has forgotten its job: its head was started anew, or somebody has deleted it.",
          },
          refused,
        });
      } finally {
        await Promise.all([launcher.close?.(), other.close?.()]);
      }
    });
  }));

Deno.test("answers that are none of a head's are told in a sentence, and what they name is no path", () =>
  withFolder(async (base) => {
    let said: unknown;
    const head = (method: string, path: string): [number, string] =>
      method === "GET" && path === "/api/jobs/" ? [200, JSON.stringify(said)] : [200, '{"logs": 5}'];
    await withHead(head, async (address) => {
      const about = { name: "s", runs: 1, threads: 1, command: ["deno", "run"], next: null };
      const launcher = await ray.open({ ...about, folder: base, out: capture() }, values(address));
      const sweep = Deno.readTextFileSync(join(base, ".ray", "token"));
      try {
        for (said of [5, {}, [null], [3], [{}], [{ status: 7 }]]) {
          await assert.rejects(() => launcher.begun(), /UsageError: .* answers, but not as a head of Ray does/);
        }
        const job = { status: "RUNNING", metadata: { sweep, run: "a", attempt: "1" } };
        const strange = { driver_agent_http_address: "no address", message: 7, error_type: [], driver_exit_code: "x" };
        said = [{ ...job, ...strange }, { ...job, metadata: 5 }, {
          ...job,
          metadata: { ...job.metadata, run: "../../out" },
        }, { ...job, metadata: { ...job.metadata, run: "b", attempt: "x" } }];
        assert.deepEqual(await launcher.begun(), ["a"]);
        assert.deepEqual(await toldOf(launcher), { a: { state: "running" } });
        said = [{ ...job, ...strange, status: "FAILED" }];
        assert.deepEqual(await toldOf(launcher), { a: { state: "ended", problem: 'Ray lost its job: "FAILED".' } });
        assert.deepEqual([...Deno.readDirSync(base)].map(({ name }) => name), [".ray"]);
      } finally {
        await launcher.close?.();
      }
    });
  }));

Deno.test("what a job prints is kept through no link, and a place that takes no log ends nothing", () =>
  withFolder(async (base) => {
    const sweep = "0123456789";
    const job = { status: "RUNNING", metadata: { sweep, run: "a", attempt: "1" } };
    await withHead(() => [200, JSON.stringify([job])], async (address) => {
      const [mine, place, out] = [join(base, "mine"), join(base, ".ray"), capture()];
      Deno.mkdirSync(place);
      Deno.writeTextFileSync(join(place, "token"), sweep);
      Deno.writeTextFileSync(mine, "mine");
      Deno.symlinkSync(mine, join(place, "a.1.log"));
      const about = { name: "s", runs: 1, threads: 1, command: ["deno", "run"], next: null };
      const launcher = await ray.open({ ...about, folder: base, out }, values(address));
      try {
        assert.deepEqual(await launcher.begun(), ["a"]);
        assert.deepEqual(await toldOf(launcher), { a: { state: "running" } });
      } finally {
        await launcher.close?.();
      }
      assert.equal(Deno.readTextFileSync(mine), "mine");
      assert.match(
        out.text,
        /^\S+a\.1\.log could not be written: it is a link, .* there\. What jobs print is not kept, /,
      );
    });
  }));

Deno.test("a node without Deno takes npm's, of the same version, and one without npm says what it lacks", () =>
  withFolder(async (base) => {
    const bin = join(base, "it's npm's");
    Deno.mkdirSync(bin);
    const npx = join(bin, "npx");
    Deno.writeTextFileSync(npx, '#!/bin/sh\necho "$@" >> asked\necho "$0"\n', { mode: 0o755 });
    const job = { id: "a", folder: "a", until: 1, arguments: ["--resume", "it's $(touch executed)"] };
    const line = entrypointOf(job, ["/nowhere/deno", "run"], base, "2.9.0");
    const run = (path: string) =>
      new Deno.Command("/bin/sh", { args: ["-c", line], env: { PATH: path }, stderr: "null" }).output();
    const found = await run(`${bin}:${Deno.env.get("PATH")}`);
    assert.equal(found.code, 0);
    // What npx has told is what is run.
    assert.deepEqual(Deno.readTextFileSync(join(base, "asked")).split("\n"), [
      "--yes deno@2.9.0 eval --quiet -p Deno.execPath()",
      "run --resume it's $(touch executed)",
      "",
    ]);
    const { code, stdout } = await run("/nowhere");
    assert.equal(code, 1);
    assert.equal(
      new TextDecoder().decode(stdout),
      "error: there is neither Deno nor npx on this node: install Node.js there.\n",
    );
    assert.deepEqual([...Deno.readDirSync(base)].map(({ name }) => name).sort(), ["asked", "it's npm's"]);
  }));
