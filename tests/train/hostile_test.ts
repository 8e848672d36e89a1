/** Folders of runs from strangers, and folders that are taken away: nothing outside of a run is touched, nothing that is known is lost. */

import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { UsageError } from "../../lib/systems/usage.ts";
import { writeFileAtomic } from "../../lib/train/files/atomic.ts";
import { listCheckpoints } from "../../lib/train/files/checkpoint.ts";
import { writeEmptyReport, writeRunReport } from "../../lib/train/look/report.ts";
import { readRuns } from "../../lib/train/look/records.ts";
import { FakeTrainer } from "./fake_trainer.ts";
import { filesBelow, logged, onlyRun, run, small, withFolder } from "./harness.ts";

const args = [...small, "--n-iters", "6", "--save-every", "2"];
const precious = "export PATH=/usr/bin\n";

for (const target of ["a file", "nothing"]) {
  Deno.test(`links to ${target} in the folder of a run are not written through`, () =>
    withFolder(async (base) => {
      await run([...args, "--out", base], { stopAfter: 3 });
      const folder = onlyRun(base);
      const outside = join(base, "profile");
      if (target === "a file") Deno.writeTextFileSync(outside, precious);
      const events = filesBelow(folder).find((name) => name.startsWith("events."))!;
      for (const name of ["metrics.jsonl", events]) {
        const good = Deno.readFileSync(join(folder, name));
        Deno.removeSync(join(folder, name));
        Deno.symlinkSync(outside, join(folder, name));
        const { code, err } = await run(["--resume", folder]);
        assert.equal(code, 2);
        assert.match(err, /could not be written: it is a link, which is not followed: put the file itself there\.\n$/);
        Deno.removeSync(join(folder, name));
        Deno.writeFileSync(join(folder, name), good);
      }
      // The run that was stopped has left its curve and its policy.
      for (const name of ["reward.svg", "policy.onnx"]) Deno.removeSync(join(folder, name));
      const others = ["report.ipynb", "reward.svg", "manifest.json", "config.json", "policy.onnx"];
      for (const name of [...others, ...others.map((x) => `${x}.plumbline.tmp`), "report.ipynb.tmp"]) {
        if (name === "config.json") continue; // It is read first.
        const path = join(folder, name);
        if (name === "manifest.json") Deno.removeSync(path);
        if (!filesBelow(folder).includes(name)) Deno.symlinkSync(outside, path);
      }
      assert.equal((await run(["--resume", folder])).code, 0);
      writeRunReport(folder, 2);
      assert.ok(Deno.lstatSync(join(folder, "report.ipynb")).isFile);
      if (target === "a file") assert.equal(Deno.readTextFileSync(outside), precious);
      else assert.throws(() => Deno.lstatSync(outside), Deno.errors.NotFound);
    }));
}

Deno.test("a run of a series that is a link to elsewhere is refused before any goes on", () =>
  withFolder(async (base) => {
    await run([...args, "--seed", "0,1", "--out", base], { stopAfter: 3 });
    const [series, elsewhere] = [onlyRun(base), join(base, "elsewhere")];
    Deno.renameSync(join(series, "seed-1"), elsewhere);
    Deno.symlinkSync(elsewhere, join(series, "seed-1"));
    const before = filesBelow(base);
    const { code, err } = await run(["--resume", series]);
    assert.equal(code, 2);
    assert.match(err, /seed-1 could not be written: it is a link, which is not followed: put the folder itself there/);
    assert.deepEqual(filesBelow(base), before);
  }));

Deno.test("a folder of checkpoints that is a link is refused before anything in it is removed", () =>
  withFolder(async (base) => {
    await run([...args, "--out", base], { stopAfter: 5 });
    const folder = onlyRun(base);
    const elsewhere = join(base, "elsewhere");
    Deno.renameSync(join(folder, "checkpoints"), elsewhere);
    Deno.symlinkSync(elsewhere, join(folder, "checkpoints"));
    const before = filesBelow(elsewhere);
    const { code, err } = await run(["--resume", listCheckpoints(folder)[0]!.path]);
    assert.equal(code, 2);
    assert.match(
      err,
      /checkpoints could not be written: it is a link, which is not followed: put the folder itself there/,
    );
    assert.deepEqual(filesBelow(elsewhere), before);
  }));

Deno.test({
  name: "a pipe in the place of a file is refused, not waited for",
  ignore: Deno.build.os === "windows",
  fn: () =>
    withFolder(async (base) => {
      await run([...args, "--out", base], { stopAfter: 3 });
      const folder = onlyRun(base);
      const events = filesBelow(folder).find((name) => name.startsWith("events."))!;
      for (const name of ["config.json", "metrics.jsonl", events, listCheckpoints(folder).at(-1)!.path]) {
        const path = name.startsWith("/") ? name : join(folder, name);
        const good = Deno.readFileSync(path);
        Deno.removeSync(path);
        assert.equal((await new Deno.Command("mkfifo", { args: [path] }).output()).code, 0);
        const { code, err } = await run(["--resume", folder]);
        assert.equal(code, 2, name);
        assert.match(err, /it is no file/);
        readRuns([folder]);
        Deno.removeSync(path);
        Deno.writeFileSync(path, good);
      }
      Deno.removeSync(join(folder, "manifest.json"));
      await new Deno.Command("mkfifo", { args: [join(folder, "manifest.json")] }).output();
      assert.deepEqual(readRuns([folder]).runs.map(({ state }) => state), ["unknown"]);
    }),
});

Deno.test("half-written files have names that cannot be taken before, and go with what failed", () =>
  withFolder((folder) => {
    const path = join(folder, "a.json");
    Deno.mkdirSync(path);
    Deno.writeTextFileSync(join(path, "inside"), "kept");
    for (let i = 0; i < 3; i++) assert.throws(() => writeFileAtomic(path, "new"), { name: "WriteError" });
    assert.deepEqual(filesBelow(folder), ["a.json/inside"]);
  }));

Deno.test("an empty report goes beside what is there, and over nothing", () =>
  withFolder((folder) => {
    Deno.writeTextFileSync(join(folder, "deno.json"), "{}");
    writeEmptyReport(join(folder, "bug"));
    assert.deepEqual(filesBelow(folder), ["bug.ipynb", "deno.json"]);
    assert.equal(Deno.readTextFileSync(join(folder, "deno.json")), "{}");
    assert.throws(() => writeEmptyReport(join(folder, "bug")), /is there already/);
    Deno.symlinkSync(join(folder, "nowhere"), join(folder, "link.ipynb"));
    assert.throws(() => writeEmptyReport(join(folder, "link")), /is there already/);
  }));

/** A run to whose folder something happens in its third iteration, and something else in its fifth. */
async function disturbed(base: string, happens: (folder: string) => void, later = () => {}) {
  return await run([...args, "--out", join(base, "out")], {
    createTrainer: (config) => {
      const trainer = new FakeTrainer(config);
      const iterate = trainer.iterate.bind(trainer);
      trainer.iterate = () => {
        if (trainer.iteration === 2) happens(onlyRun(join(base, "out")));
        if (trainer.iteration === 4) later();
        return iterate();
      };
      return Promise.resolve(trainer);
    },
  });
}

async function undisturbed(base: string): Promise<unknown[]> {
  await run([...args, "--out", join(base, "whole")]);
  return logged(onlyRun(join(base, "whole")));
}

Deno.test("a run whose folder is renamed goes on there, and says so", () =>
  withFolder(async (base) => {
    let renamed = "";
    const { code, out, err } = await disturbed(base, (folder) => Deno.renameSync(folder, renamed = `${folder}-mine`));
    assert.deepEqual([code, err], [0, ""]);
    assert.match(out, /navigation\/\S+ is called \S+-mine now: the run goes on there\./);
    assert.equal(onlyRun(join(base, "out")), renamed);
    assert.deepEqual(logged(renamed), await undisturbed(base));
    assert.deepEqual(readRuns([renamed]).runs.map(({ state, problems }) => [state, problems]), [["finished", []]]);
    assert.deepEqual(listCheckpoints(renamed).map(({ iteration }) => iteration), [2, 4, 6]);
  }));

Deno.test("a folder that has the number of one that was removed, as the next run may have, is left alone", () =>
  withFolder(async (base) => {
    let other = "";
    const { code, err } = await disturbed(base, (folder) => {
      Deno.renameSync(folder, other = `${folder}-other`);
      Deno.removeSync(join(other, "metrics.jsonl"));
      Deno.writeTextFileSync(join(other, "metrics.jsonl"), "another's");
    });
    assert.deepEqual([code, err], [0, ""]);
    assert.equal(Deno.readTextFileSync(join(other, "metrics.jsonl")), "another's");
    assert.deepEqual(listCheckpoints(other).map(({ iteration }) => iteration), [2]);
    assert.deepEqual(logged(other.replace("-other", "")), await undisturbed(base));
  }));

Deno.test("a run whose folder is renamed during an iteration that fails says where it is", () =>
  withFolder(async (base) => {
    let renamed = "";
    const { code, err } = await disturbed(base, (folder) => {
      Deno.renameSync(folder, renamed = `${folder}-mine`);
      throw new UsageError("This is enough.");
    });
    assert.equal(code, 1);
    assert.match(err, /^error: This is enough\.\nWhat was saved is intact\. .* \S+-mine\n$/);
    assert.deepEqual(readRuns([renamed]).runs.map(({ state }) => state), ["failed"]);
  }));

Deno.test("a run whose folder is deleted goes on in a new one, with all that it knows", () =>
  withFolder(async (base) => {
    const remove = (folder: string) => Deno.removeSync(dirname(folder), { recursive: true });
    const { code, out, err } = await disturbed(base, remove);
    assert.deepEqual([code, err], [0, ""]);
    assert.match(out, /is gone: what is known of the run goes on in \S+\.\n/);
    const folder = onlyRun(join(base, "out"));
    assert.deepEqual(logged(folder), await undisturbed(base));
    assert.deepEqual(listCheckpoints(folder).map(({ iteration }) => iteration), [3, 4, 6]);
    assert.deepEqual(readRuns([folder]).runs.map(({ state, problems }) => [state, problems]), [["finished", []]]);
    assert.equal((await run(["--resume", folder, "--n-iters", "8"])).code, 0);
  }));

Deno.test("a run that no folder can be made for goes on in memory; it never says that something was saved", () =>
  withFolder(async (base) => {
    const block = (folder: string) => {
      Deno.removeSync(join(base, "out"), { recursive: true });
      Deno.writeTextFileSync(join(base, "out"), folder);
    };
    const { code, out, err } = await disturbed(base, block);
    assert.equal(code, 1);
    assert.match(out, /is gone\. .* could not be written: .*\. The run goes on in memory\.\n/);
    assert.match(out, /iteration 6\/6/);
    assert.match(err, /is gone, and with it what was saved of this run\.\n$/);
    // If one can be made again meanwhile, all is there.
    Deno.removeSync(join(base, "out"));
    const { code: second, err: none } = await disturbed(base, block, () => Deno.removeSync(join(base, "out")));
    assert.deepEqual([second, none], [0, ""]);
    assert.deepEqual(logged(onlyRun(join(base, "out"))), await undisturbed(base));
  }));

Deno.test("a series of which the making was interrupted is none", () =>
  withFolder(async (base) => {
    const parent = join(base, "navigation");
    const part = join(parent, "2030-01-31_12-00-00.12345678.plumbline.tmp", "seed-0");
    await run([...args, "--out", base]);
    Deno.mkdirSync(dirname(part));
    Deno.renameSync(onlyRunBut(parent, dirname(part)), part);
    assert.deepEqual(readRuns([base]), { runs: [], problems: [] });
  }));

function onlyRunBut(parent: string, other: string): string {
  return [...Deno.readDirSync(parent)].map(({ name }) => join(parent, name)).find((path) => path !== other)!;
}
