/**
 * A real Slurm of one node on this machine, for tests: Debian's packages, everything else in a folder, on free ports. It needs root
 * and Debian; where there is no Slurm and none can be installed it says why.
 */

import { join } from "node:path";

const packages = ["slurm-wlm", "munge"];
const programs = ["munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "scontrol"];

async function run(program: string, args: readonly string[], env: Record<string, string> = {}): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args: [...args], env, stdin: "null" }).output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  if (!success) throw new Error(`${program} ${args.join(" ")} failed: ${err || out}`);
  return out!;
}

async function isThere(program: string): Promise<boolean> {
  const { success } = await new Deno.Command("sh", { args: ["-c", 'command -v "$0" > /dev/null', program] }).output();
  return success;
}

/** Installs Slurm where it is missing. Returns why it is not there; null if it is. */
export async function install(): Promise<string | null> {
  const missing = async () => (await Promise.all(programs.map(isThere))).includes(false);
  if (!await missing()) return null;
  if (Deno.build.os !== "linux" || Deno.uid() !== 0 || !await isThere("apt-get")) {
    return "it is installed only for root on Debian";
  }
  const apt = (...args: string[]) => run("apt-get", args, { DEBIAN_FRONTEND: "noninteractive" });
  const packaged = () => apt("install", "-y", "--no-install-recommends", ...packages);
  try {
    // Lists of packages that are old, or not there, are brought first.
    await packaged().catch(async () => {
      await apt("update");
      await packaged();
    });
    return await missing() ? "its packages lack a program" : null;
  } catch (error) {
    return (error as Error).message.trim().split("\n").at(-1)!;
  }
}

/** A port that nobody listens to. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return (listener.addr as Deno.NetAddr).port;
}

/** Timers are short, and a job that is put back waits no longer for its old credential to run out. */
const configuration = (folder: string, node: string) =>
  `ClusterName=plumbline
SlurmctldHost=${node}(127.0.0.1)
SlurmctldPort=${freePort()}
SlurmdPort=${freePort()}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=${folder}/munge.socket,cred_expire=5
CredType=cred/munge
StateSaveLocation=${folder}/state
SlurmdSpoolDir=${folder}/spool
SlurmctldPidFile=${folder}/slurmctld.pid
SlurmdPidFile=${folder}/slurmd.pid
SlurmctldLogFile=${folder}/slurmctld.log
SlurmdLogFile=${folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
SwitchType=switch/none
MpiDefault=none
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=0
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmctldTimeout=10
SlurmdTimeout=3
SlurmdParameters=config_overrides
MessageTimeout=5
KillWait=20
ReturnToService=2
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
NodeName=${node} NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=main Nodes=${node} Default=YES MaxTime=60 State=UP PriorityTier=1 PreemptMode=REQUEUE
PartitionName=urgent Nodes=${node} MaxTime=60 State=UP PriorityTier=10 PreemptMode=OFF
`;

/** A cluster that runs. */
export class Cluster {
  /** What Slurm's commands, and whatever calls them, need in their environment. */
  readonly env: Record<string, string>;
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
    this.env = { SLURM_CONF: join(folder, "slurm.conf") };
  }

  /** Starts one, whose files are in a new folder. */
  static async start(): Promise<Cluster> {
    const folder = Deno.makeTempDirSync({ prefix: "plumbline-slurm-" });
    Deno.chmodSync(folder, 0o755);
    const cluster = new Cluster(folder);
    const at = (name: string) => join(folder, name);
    for (const name of ["state", "spool"]) Deno.mkdirSync(at(name));
    Deno.writeFileSync(at("munge.key"), crypto.getRandomValues(new Uint8Array(1024)), { mode: 0o600 });
    Deno.writeTextFileSync(at("slurm.conf"), configuration(folder, Deno.hostname()));
    // Nothing uses it, but slurmd does not start without one that it can load.
    Deno.writeTextFileSync(at("cgroup.conf"), "CgroupPlugin=cgroup/v1\n");
    const munge = { "key-file": "munge.key", socket: "munge.socket", "pid-file": "munged.pid" };
    const more = { "log-file": "munged.log", "seed-file": "munge.seed" };
    try {
      await run("munged", Object.entries({ ...munge, ...more }).map(([flag, name]) => `--${flag}=${at(name)}`));
      await run("slurmctld", [], cluster.env);
      await cluster.startNode();
      await cluster.until("idle");
      return cluster;
    } catch (error) {
      cluster.stop();
      throw error;
    }
  }

  /** Starts slurmd. */
  async startNode(): Promise<void> {
    await run("slurmd", [], this.env);
  }

  /** Kills slurmd as a crash does: what it has begun goes on. */
  killNode(): void {
    this.#kill("slurmd", "SIGKILL");
  }

  /** Kept when the node is in a state, as sinfo calls it. */
  async until(state: string): Promise<void> {
    for (let tries = 0; tries < 300; tries++) {
      const now = await this.ask("sinfo", "--noheader", "--partition=main", "--format=%T").catch(() => "");
      if (now.startsWith(state)) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`the node is not ${state} after 30 s: ${await this.ask("sinfo").catch(String)}`);
  }

  /** What a command of Slurm's answers. */
  ask(program: string, ...args: readonly string[]): Promise<string> {
    return run(program, args, this.env);
  }

  /** The ends of the daemons' logs. */
  logs(): string {
    const names = ["slurmctld.log", "slurmd.log", "munged.log"];
    return names.map((name) => {
      try {
        return `${name}\n${Deno.readTextFileSync(join(this.#folder, name)).split("\n").slice(-20).join("\n")}`;
      } catch {
        return `${name}: there is none`;
      }
    }).join("\n");
  }

  /** Ends what it has started, and removes its folder. */
  stop(): void {
    for (const name of ["slurmd", "slurmctld", "munged"]) this.#kill(name, "SIGTERM");
    Deno.removeSync(this.#folder, { recursive: true });
  }

  #kill(name: string, signal: Deno.Signal): void {
    const path = join(this.#folder, `${name}.pid`);
    let pid: number;
    try {
      pid = Number(Deno.readTextFileSync(path));
    } catch {
      // It has not started.
      return;
    }
    try {
      Deno.kill(pid, signal);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    // Until it is gone it may write into the folder.
    for (let tries = 0; tries < 100 && isRunning(pid); tries++) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
    }
  }
}

function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(Deno.readTextFileSync(`/proc/${pid}/status`));
  } catch {
    return false;
  }
}
