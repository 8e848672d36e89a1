/**
 * The worlds alone, with random actions: observations, rewards and resets of many environments for 50 steps. The pendulum is
 * there in tensors and on the host; agents of the swarm believe their GPS.
 */

import {
  BuzzWire,
  compile,
  type Environment,
  Generator,
  HostPendulum,
  HostRandom,
  leaves,
  mapTree,
  Navigation,
  Pendulum,
  randomBits,
  resetWhere,
  ReverseTransport,
  scan,
  Simulations,
  SpoofedSwarm,
  type Tensor,
  tensor,
  type Tree,
  uniform,
  Variable,
  Wheel,
} from "../../../mod.ts";
import type { Run, WorldCase } from "../protocol.ts";

const steps = 50;

const worlds: Readonly<Record<string, () => unknown>> = {
  navigation: () => new Navigation({ nAgents: 3 }),
  reverse_transport: () => new ReverseTransport({ nAgents: 3 }),
  wheel: () => new Wheel({ nAgents: 4 }),
  buzz_wire: () => new BuzzWire(),
  pendulum: () => new Pendulum(),
  spoofed_swarm: () => new SpoofedSwarm(),
};

/** 50 steps of simulations, each of which waits for its actions. */
async function hostRollout(envs: number): Promise<Run> {
  const simulations = await Simulations.start(new HostPendulum(), envs, 0);
  const random = new HostRandom(0);
  return async () => {
    const start = performance.now();
    for (let i = 0; i < steps; i++) {
      await simulations.step(tensor(random.uniform(envs, -1, 1), { shape: [envs, 1, 1] }));
    }
    return { "env steps/s": envs * steps * 1e3 / (performance.now() - start) };
  };
}

/** Compiles 50 steps, which go on where the last ones ended; episodes that end begin anew. */
export function worldRollout({ scenario, envs }: WorldCase): Run | Promise<Run> {
  if (scenario === "host_pendulum") return hostRollout(envs);
  const make = worlds[scenario];
  if (!make) throw new Error(`there is no world '${scenario}'.`);
  const environment = make() as Environment<Tree>;
  const generator = new Generator(0);
  const state = mapTree(environment.reset(new HostRandom(0).key(), envs), (x) => new Variable(x, "world"));
  const variables = leaves(state) as Variable[];
  const play = compile(() => {
    const actions = uniform(generator.next(), [steps, envs, environment.agents, environment.actionSize], -1, 1);
    const keys = randomBits(generator.next(), [steps, 2]);
    const [last, seen] = scan(
      (now: Tree, x: { action: Tensor; key: Tensor }) => {
        const { state: next, reward, terminated, truncated } = environment.step(now, x.action);
        const observation = environment.observe(next);
        return [resetWhere(environment, terminated.or(truncated), next, x.key), { reward, observation }];
      },
      state as Tree,
      { action: actions, key: keys },
    );
    leaves(last).forEach((x, i) => variables[i]!.assign(x));
    return seen;
  }, { state: [...variables, generator], name: `${scenario} under random actions` });
  return async () => {
    const start = performance.now();
    await (await play()).reward.data();
    return { "env steps/s": envs * steps * 1e3 / (performance.now() - start) };
  };
}
