/**
 * What a sweep asks of Slurm and makes of its answers: the batch script is run by the shell as it is, and commands of the test answer
 * what a Slurm cannot be made to say at will. `tests/slurm` has the real one.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import type { Job, Launcher, Told, Work } from "../../lib/train/sweep/launcher.ts";
import { sweepMain } from "../../lib/train/sweep/main.ts";
import { slurm } from "../../lib/train/sweep/slurm/engine.ts";
import { scriptOf } from "../../lib/train/sweep/slurm/script.ts";
import { UsageError } from "../../lib/systems/usage.ts";
import { capture, withFolder } from "../train/harness.ts";

const values = { partition: null, time: 600, cpus: 2, gpus: null, account: null, prologue: null };

const job = (id: string, ...args: readonly string[]): Job => ({ id, folder: id, until: 1, arguments: args });

const workIn = (folder: string): Work => ({
  name: "lr and gamma",
  folder,
  runs: 3,
  threads: 2,
  command: ["deno", "run"],
  next: null,
  out: capture(),
});

/** Commands of the shell that are found before all others, by name; what they are given is in `<name>.said`. */
async function withCommands(
  commands: Readonly<Record<string, string>>,
  test: (folder: string, said: (name: string) => string) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    const bin = join(folder, "bin");
    Deno.mkdirSync(bin);
    for (const [name, text] of Object.entries(commands)) {
      const script = `#!/bin/sh\ncd '${folder}'\nprintf '%s\\n' "$*" >> ${name}.said\n${text}\n`;
      Deno.writeTextFileSync(join(bin, name), script, { mode: 0o755 });
    }
    const path = Deno.env.get("PATH")!;
    Deno.env.set("PATH", `${bin}:${path}`);
    try {
      await test(folder, (name) => Deno.readTextFileSync(join(folder, `${name}.said`)));
    } finally {
      Deno.env.set("PATH", path);
    }
  });
}

/** Starts the first task of a script, in the shell. */
function task(text: string, cwd: string): Deno.ChildProcess {
  return new Deno.Command("bash", {
    args: ["-c", text],
    cwd,
    env: { SLURM_ARRAY_TASK_ID: "0", SLURM_JOB_ID: "12" },
    stdout: "piped",
    stderr: "null",
  }).spawn();
}

/** Kept when a program has said that it has begun. */
async function begun(child: Deno.ChildProcess): Promise<string> {
  const reader = child.stdout.getReader();
  let text = "";
  while (!text.includes("begun\n")) text += new TextDecoder().decode((await reader.read()).value);
  reader.releaseLock();
  return text;
}

const hostile = 'it\'s a "folder"\n$(touch executed) `touch executed` \\ %a';

Deno.test("the words of a run reach its program whole, and of all that is named only the prologue is executed", () =>
  withFolder(async (base) => {
    const folder = join(base, hostile.replaceAll("/", ""));
    Deno.mkdirSync(folder);
    const command = ["sh", "-c", 'printf "%s|" "$PWD" "$PROLOGUE" "$@"; exit 1', "train"];
    const prologue = "#SBATCH --mem=8G\nset -eu\nexport PROLOGUE='it was here'";
    const about = { command, jobs: [job("a", "--resume", hostile), job("b")], folder, cwd: folder, next: null };
    const { code, stdout } = await task(scriptOf({ ...about, prologue }), base).output();
    assert.equal(new TextDecoder().decode(stdout), `${folder}|it was here|--resume|${hostile}|`);
    // The exit code is noted for who watches.
    assert.deepEqual([code, Deno.readTextFileSync(join(folder, "0.end"))], [1, "1\n"]);
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["0.end"]);

    const elsewhere = await task(scriptOf({ ...about, cwd: join(base, "elsewhere"), prologue: null }), base).output();
    assert.equal(elsewhere.code, 1);
    assert.match(
      new TextDecoder().decode(elsewhere.stdout),
      /^error: \S+ does not see the folder .*elsewhere: it has to be on a file system that all machines share\.$/m,
    );
  }));

Deno.test("a task hands SIGTERM on to its run, and when its time is nearly over it saves the run and waits again", () =>
  withCommands({ scontrol: "exit 0" }, async (base, said) => {
    const command = ["sh", "-c", "trap 'kill $!; exit 130' TERM; echo begun; sleep 60 > /dev/null & wait"];
    const about = { command, jobs: [job("a")], folder: base, cwd: base, next: null, prologue: null };
    for (const [signal, end] of [["SIGTERM", "130\n"], ["SIGUSR1", null]] as const) {
      const child = task(scriptOf(about), base);
      await begun(child);
      child.kill(signal);
      await child.output();
      const path = join(base, "0.end");
      const isThere = [...Deno.readDirSync(base)].some(({ name }) => name === "0.end");
      assert.equal(isThere ? Deno.readTextFileSync(path) : null, end, signal);
    }
    assert.equal(said("scontrol"), "requeue 12\n");
  }));

Deno.test("a run that a node which was given up still trains is tried again until that has ended", () =>
  withCommands({ sleep: "exit 0" }, async (base, said) => {
    const command = ["sh", "-c", 'echo >> tries; [ "$(wc -l < tries)" = 3 ] || exit 2'];
    const about = { command, jobs: [job("a")], folder: base, cwd: base, next: null, prologue: "set -eu" };
    const text = scriptOf(about);
    assert.equal((await task(text, base).output()).code, 2);
    assert.equal((await task(`export SLURM_RESTART_COUNT=1\n${text}`, base).output()).code, 0);
    assert.equal(said("sleep"), "10\n");
  }));

Deno.test("where it is not known before what comes next, a task asks when its run has ended, and again if somebody is there", () =>
  withCommands({ sleep: "exit 0" }, async (base, said) => {
    const next = [
      "sh",
      "-c",
      'echo "$1" >> asked; [ "$(wc -l < asked)" = 2 ] || exit 2',
      "sweep",
      hostile.split("\n")[0]!,
    ];
    const about = { command: ["true"], jobs: [job("a")], folder: join(base, "1"), cwd: base, next, prologue: "set -e" };
    Deno.mkdirSync(about.folder);
    const { code } = await task(scriptOf(about), base).output();
    assert.equal(code, 0);
    assert.equal(Deno.readTextFileSync(join(base, "asked")), `${next.at(-1)}\n`.repeat(2));
    assert.equal(said("sleep"), "5\n");
  }));

Deno.test("what Slurm does not have, and what it does not take, is told in its own words before anything is written", () =>
  withCommands({ sbatch: 'echo "sbatch: error: invalid partition specified: nope" >&2; exit 1' }, async (_, said) => {
    await assert.rejects(
      slurm.check({ ...values, partition: "nope", gpus: 1, account: "it's" }, 3),
      new UsageError('--on slurm: sbatch says "invalid partition specified: nope".'),
    );
    assert.equal(
      said("sbatch"),
      "--test-only --partition=nope --time=10 --signal=B:USR1@120 --nodes=1 --ntasks=1 --cpus-per-task=2 --gpus=1 " +
        "--account=it's --wrap=:\n",
    );
    const path = Deno.env.get("PATH")!;
    Deno.env.set("PATH", "");
    try {
      await assert.rejects(
        slurm.check(values, 3),
        new UsageError(
          "--on slurm: there is no sbatch here: give the command on a machine of the cluster, where Slurm is installed.",
        ),
      );
    } finally {
      Deno.env.set("PATH", path);
    }
  }));

/** Answers what the file `queue` says, with the name that the job was submitted by. */
const squeue = 'sed "s/NAME/$(cat name)/" queue';
const sbatch = `for word; do case "$word" in --job-name=*) printf '%s' "\${word#--job-name=}" > name ;; esac; done
echo "7;cluster"`;
const scontrol = 'echo "MaxArraySize            = 3"';

/** What a launcher says when `squeue` answers these lines. */
async function toldOf(launcher: Launcher, folder: string, queue: string): Promise<Record<string, Told>> {
  Deno.writeTextFileSync(join(folder, "queue"), queue);
  return Object.fromEntries(await launcher.look());
}

Deno.test("runs of which Slurm knows no good end are told in sentences, and those that go on are not disturbed", () =>
  withCommands({ squeue, sbatch, scontrol }, async (folder, said) => {
    const work = workIn(join(folder, "sweep"));
    const launcher = await slurm.open(work, { ...values, prologue: "module load deno" });
    await launcher.start([job("a"), job("b")]);
    assert.match(
      said("sbatch"),
      /^--parsable --job-name=lr_and_gamma\.1\.\w{8} --array=0-1 --output=\S+\/\.slurm\/1\/%a\.log --open-mode=append /,
    );
    assert.match(Deno.readTextFileSync(join(work.folder, ".slurm/1/script.sh")), /^#!\/bin\/bash\nmodule load deno\n/);
    const at = (name: string) => join(work.folder, ".slurm/1", name);
    const b = { state: "running", where: "node3" };
    const log = at("0.log");
    const due = (why: string) => `slurmstepd-n1: error: *** JOB 7 ON n1 CANCELLED AT 2026-01-01T00:00:00${why} ***\n`;
    const cases: readonly (readonly [state: string, log: string, end: string | null, problem: string | null])[] = [
      ["NODE_FAIL", "", null, "Its node went down (job 7_0)."],
      ["", due(" DUE TO NODE FAILURE, SEE SLURMCTLD LOG FOR DETAILS"), null, "Its node went down (job 7_0)."],
      ["CANCELLED", "", null, "It was cancelled (job 7_0)."],
      ["", due(""), null, "It was cancelled (job 7_0)."],
      [
        "TIMEOUT",
        "",
        null,
        "Its time was over before it had saved (job 7_0): give --time more, or make its iterations shorter.",
      ],
      [
        "OUT_OF_MEMORY",
        "",
        null,
        'Its memory was not enough (job 7_0): ask for more by a line "#SBATCH --mem=8G" in the prologue.',
      ],
      [
        "FAILED",
        "one\n",
        null,
        `Slurm says FAILED (JobLaunchFailure) of job 7_0, and its exit code is not known; ${log} ends with "one".`,
      ],
      ["", "", null, `Slurm has forgotten job 7_0, and its exit code is not known; ${log} is empty.`],
      [
        "RUNNING",
        "error: metrics.jsonl could not be written: no space is left on the device.\nWhat was saved is intact.\n",
        "1",
        "metrics.jsonl could not be written: no space is left on the device.",
      ],
      ["", "", "3", "It ended with exit code 3."],
      ["FAILED", "", "130", "It was stopped, and is saved."],
      ["COMPLETED", "", "0", null],
    ];
    for (const [state, text, end, problem] of cases) {
      Deno.writeTextFileSync(log, text);
      if (end !== null) Deno.writeTextFileSync(at("0.end"), `${end}\n`);
      const first = state === "" ? "" : `7_0|${state}|n1|NAME|JobLaunchFailure\n`;
      const { a, ...others } = await toldOf(launcher, folder, `${first}7_1|RUNNING|node3|NAME|None\n`);
      assert.deepEqual(a, { state: "ended", ...problem !== null && { problem } }, `${state} ${text} ${end}`);
      assert.deepEqual(others, { b });
      if (end !== null) Deno.removeSync(at("0.end"));
    }
    // What was stopped and is to wait again has not ended, whatever it has noted.
    Deno.writeTextFileSync(at("0.end"), "130\n");
    const { a: ending } = await toldOf(launcher, folder, "7_0|COMPLETING|n1|NAME|None\n7_1|RUNNING|node3|NAME|None\n");
    assert.deepEqual(ending, { state: "running", where: "n1" });
    const again = await toldOf(launcher, folder, "7_0|PENDING||NAME|BeginTime\n7_1|RUNNING|node3|NAME|None\n");
    assert.deepEqual(again, { a: { state: "waiting", why: "BeginTime" }, b });
    Deno.writeTextFileSync(
      join(folder, "bin/squeue"),
      "#!/bin/sh\necho 'squeue: error: Unable to contact' >&2\nexit 1\n",
    );
    assert.deepEqual(Object.fromEntries(await launcher.look()), again);
    await launcher.look();
    assert.equal(
      (work.out as unknown as { text: string }).text,
      '--on slurm: squeue says "Unable to contact". It is asked again, and the runs go on.\n',
    );
    await assert.rejects(launcher.begun(), new UsageError('--on slurm: squeue says "Unable to contact".'));
  }));

Deno.test("a process that was killed when it had just submitted finds its job by its name, and what does not fit into an array is another", () =>
  withCommands({ squeue, sbatch, scontrol }, async (folder, said) => {
    const work = workIn(join(folder, "sweep"));
    const launcher = await slurm.open(work, values);
    await launcher.start(["a", "b", "c"].map((id) => job(id)));
    assert.deepEqual([...said("sbatch").matchAll(/--array=\S+/g)].map(String), ["--array=0-1", "--array=0-0"]);
    assert.equal(Deno.readTextFileSync(join(work.folder, ".slurm/2/job")), "7\n");
    Deno.removeSync(join(work.folder, ".slurm/2/job"));
    Deno.writeTextFileSync(join(folder, "queue"), "9_0|PENDING||NAME|Priority\n");
    const other = await slurm.open(work, values);
    assert.deepEqual(await other.begun(), ["c"]);
    assert.deepEqual(other.farewell, [
      "Slurm has them as job 9: squeue --jobs=9 shows it, scancel 9 ends and saves it.",
    ]);
    assert.equal(Deno.readTextFileSync(join(work.folder, ".slurm/2/job")), "9\n");
  }));

Deno.test("the command ends when Slurm has the runs, and who watches may leave: what was begun goes on, and is not begun again", () =>
  withCommands({ squeue, sbatch, scontrol, scancel: "exit 1" }, async (folder, said) => {
    const file = join(folder, "s.yaml");
    Deno.writeTextFileSync(file, "{ settings: { device: cpu, nIters: 2 }, seeds: 2, slurm: { time: 1h } }");
    Deno.writeTextFileSync(join(folder, "queue"), "7_0|RUNNING|node3|NAME|None\n7_1|PENDING||NAME|Priority\n");
    const run = async (...flags: readonly string[]) => {
      const [out, err] = [capture(), capture()];
      const programs = { train: ["deno", "train"], sweep: ["deno", "sweep"] };
      const code = await sweepMain([file, "--out", folder, "--on", "slurm", ...flags], {
        ...programs,
        out,
        err,
        listenForStop(onFirst) {
          const stop = { requested: false };
          // The first look shows how it stands.
          const timer = setInterval(() => {
            if (!out.text.includes("waiting: Priority")) return;
            clearInterval(timer);
            stop.requested = true;
            onFirst();
          }, 10);
          timers.push(timer);
          return Promise.resolve(stop);
        },
      });
      return { code, out: out.text, err: err.text };
    };
    const timers: ReturnType<typeof setInterval>[] = [];
    try {
      const begun = await run();
      assert.deepEqual([begun.code, begun.err], [0, ""]);
      const farewell = "Slurm has them as job 7: squeue --jobs=7 shows it, scancel 7 ends and saves it.\n";
      assert.ok(begun.out.endsWith(farewell), begun.out);
      const watched = await run("--watch");
      assert.deepEqual([watched.code, watched.err], [130, ""]);
      assert.match(
        watched.out,
        /^0001-s0 {3}iteration -\/2 {3}node3\n0001-s1 {3}iteration -\/2 {3}waiting: Priority$/m,
      );
      assert.ok(watched.out.includes(`\n${farewell}To go on: deno task sweep ${file} `), watched.out);
      assert.equal(said("sbatch").split("\n").filter((line) => line.startsWith("--parsable")).length, 1);
      assert.throws(() => said("scancel"), Deno.errors.NotFound);
    } finally {
      for (const timer of timers) clearInterval(timer);
    }
  }));

Deno.test("what squeue says that is no queue is told, and never taken for one in which nothing is", () =>
  withCommands({ squeue: "cat queue", sbatch: "echo 7", scontrol }, async (folder, said) => {
    const launcher = await slurm.open(workIn(join(folder, "sweep")), values);
    await launcher.start([job("a")]);
    const name = /--job-name=(\S+)/.exec(said("sbatch"))![1]!;
    const running = `7_0|RUNNING|node1|${name}|None\n`;
    assert.deepEqual(await toldOf(launcher, folder, running), { a: { state: "running", where: "node1" } });
    for (
      const garbage of [
        "<html>\n",
        "--all_0|RUNNING|||\n",
        `${running}slurm_load_jobs error\n`,
        "7_0|RUNNING|x|other|\n",
      ]
    ) {
      assert.deepEqual(await toldOf(launcher, folder, garbage), { a: { state: "running", where: "node1" } });
      // Another process, which knows nothing yet, begins nothing.
      const next = await slurm.open(workIn(join(folder, "sweep")), values);
      await assert.rejects(
        () => next.begun(),
        /UsageError: --on slurm: squeue says what is no row of its queue, ".*"\.$/,
      );
    }
    Deno.writeTextFileSync(join(folder, "bin", "squeue"), "#!/\n");
    const next = await slurm.open(workIn(join(folder, "sweep")), values);
    await assert.rejects(() => next.begun(), /UsageError: --on slurm: squeue could not be run: .*[^.]\.$/);
  }));

Deno.test("a job that sbatch does not take is told with its words, as is a folder into which Slurm cannot write", () =>
  withCommands(
    { squeue, sbatch: "echo 'sbatch: error: Job violates accounting policy' >&2; exit 1", scontrol },
    async (folder) => {
      Deno.writeTextFileSync(join(folder, "queue"), "");
      Deno.writeTextFileSync(join(folder, "name"), "");
      for (
        const [name, problem] of [
          ["sweep", 'sbatch says "Job violates accounting policy".'],
          [
            "back\\slash",
            "Slurm writes no log into a folder whose path has a backslash: give the folder another name.",
          ],
        ] as const
      ) {
        const launcher = await slurm.open(workIn(join(folder, name)), values);
        await launcher.start([job("a")]);
        assert.deepEqual(Object.fromEntries(await launcher.look()), { a: { state: "ended", problem } });
        assert.deepEqual(launcher.farewell, []);
      }
    },
  ));
