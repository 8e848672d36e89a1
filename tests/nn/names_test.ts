/** Names for messages: those that the user knows a network by, in arrays, fields, objects and functions. */

import { strictEqual } from "node:assert";
import {
  Adam,
  frozen,
  HostRandom,
  Linear,
  MLP,
  Module,
  Parameter,
  type PlumblineError,
  type Tensor,
  tensor,
  Variable,
} from "../../mod.ts";

const random = new HostRandom(1);
const network = (): MLP => new MLP([1, 1], random);

class Agent {
  readonly trustNet = new MLP([1, 1], random);
  readonly #gate = new MLP([1, 1], random);
  readonly other: MLP;
  constructor(readonly id = 0) {
    this.other = new MLP([1, 1], random);
  }
  get gate(): MLP {
    return this.#gate;
  }
}

class Special extends Agent {
  readonly more: MLP = new MLP([1, 1], random);
  readonly nets: MLP[] = [];
  constructor() {
    super(1);
    for (let i = 0; i < 2; i++) this.nets.push(new MLP([1, 1], random));
  }
}

class Net extends Module {
  readonly input = new Linear(1, 1, random);
  readonly #hidden = new Linear(1, 1, random);
  readonly heads = [new Linear(1, 1, random), new Linear(1, 1, random)];
  override forward(x: Tensor): Tensor {
    return this.#hidden.forward(this.input.forward(x));
  }
  get hidden(): Linear {
    return this.#hidden;
  }
}

class Deeper extends Net {}

function makeAgent(): Agent {
  return new Agent();
}

function makePair(id: number): { actor: MLP; value: MLP; id: number } {
  const actor = new MLP([1, 1], random), critic = new MLP([1, 1], random);
  for (const x of [1, 2]) if (x > 2) throw new Error("never");
  return { actor, value: critic, id };
}

class Factory {
  static create(): MLP {
    return new MLP([1, 1], random);
  }
  build(): MLP {
    return new MLP([1, 1], random);
  }
}

class Team {
  readonly agents = [0, 1].map((i) => new Agent(i));
}

const agents = Array.from({ length: 3 }, (_, i) => new Agent(i));
const mapped: MLP[] = [...Array(3).keys()]
  .filter((x) => x < 2)
  .map(
    () => new MLP([1, 1], random),
  );
const filled = new Array(2).fill(0).map(() => new Net());
const listed = [new Deeper(), new MLP([1, 1], random)];
const [first, second] = [new MLP([1, 1], random), new MLP([1, 1], random)];
const nets = { actor: new MLP([1, 1], random), critics: [new MLP([1, 1], random), new MLP([1, 1], random)] };
const pushed: Agent[] = [];
for (let i = 0; i < 3; i++) pushed.push(new Agent(i));
const special = new Special();
const made = network();
const madeAgent = makeAgent();
const several = [0, 1].map(() => makeAgent());
const still = frozen(new MLP([1, 1], random));
const deeper: Net = new Deeper();
const byName: Record<string, MLP> = {};
byName.left = new MLP([1, 1], random);
byName["right"] = new MLP([1, 1], random);
const { actor, critic: judge } = { actor: new MLP([1, 1], random), critic: new MLP([1, 1], random) };
const pairs = [0, 1].map(makePair);
const others = Array.from({ length: 2 }, (_, i) => makePair(i));
const { value: ofPair } = makePair(0);
const created = Factory.create();
const factory = new Factory();
const built = factory.build();
const promised = await Promise.all([0, 1].map(async (i) => await Promise.resolve(new Agent(i))));
const team = new Team();
const teams = [0, 1].map(() => new Team());

const modules: Record<string, Module> = {
  "agents[1].trustNet": agents[1]!.trustNet,
  "agents[2].other": agents[2]!.other,
  "agents[0].#gate": agents[0]!.gate,
  "mapped[1]": mapped[1]!,
  "filled[1]": filled[1]!,
  "listed[0]": listed[0]!,
  "listed[1]": listed[1]!,
  first: first!,
  second: second!,
  "nets.actor": nets.actor,
  "nets.critics[1]": nets.critics[1]!,
  "pushed[2].trustNet": pushed[2]!.trustNet,
  "special.trustNet": special.trustNet,
  "special.more": special.more,
  "special.nets[1]": special.nets[1]!,
  made,
  "madeAgent.other": madeAgent.other,
  "several[1].trustNet": several[1]!.trustNet,
  still,
  deeper,
  "deeper.input": deeper.input,
  "deeper.#hidden": deeper.hidden,
  "deeper.heads[1]": deeper.heads[1]!,
  "byName.left": byName.left!,
  "byName.right": byName.right!,
  actor,
  judge,
  "pairs[1].actor": pairs[1]!.actor,
  "pairs[0].value": pairs[0]!.value,
  "others[1].value": others[1]!.value,
  ofPair,
  created,
  built,
  "promised[1].trustNet": promised[1]!.trustNet,
  "team.agents[1].other": team.agents[1]!.other,
  // Lists of lists: which entry it is cannot be told.
  "teams[..].agents[..].other": teams[1]!.agents[1]!.other,
};

for (const [name, module] of Object.entries(modules)) {
  Deno.test(`a network is called ${name}`, () => strictEqual(module.label, name));
}

Deno.test("parameters are called by the path from their network, also before anybody has asked for them", () => {
  strictEqual(agents[1]!.trustNet.layers[0]!.weight.label, "agents[1].trustNet.layers.0.weight");
  strictEqual(deeper.heads[1]!.weight.label, "deeper.heads.1.weight");
  strictEqual(deeper.hidden.weight.label, "deeper.#hidden.weight");
});

Deno.test("parameters and variables on their own have their own names, or those of their variables", () => {
  const thetas = [0, 1].map((x) => new Parameter(tensor(x)));
  const temperature = new Parameter(tensor(1));
  strictEqual(thetas[1]!.label, "thetas[1]");
  strictEqual(temperature.label, "temperature");
  strictEqual(new Parameter(tensor(1), "named").label, "named");
  strictEqual(new Variable(tensor(1), "count").label, "count");
});

Deno.test("a parameter with two owners is told by its path, with the owner that it has", () => {
  const actorOptimizer = new Adam(agents[2]!.trustNet.parameters(), { lr: 1e-3 });
  let message = "";
  try {
    new Adam(agents[2]!.trustNet.parameters(), { lr: 1e-3 });
  } catch (error) {
    ({ message } = error as PlumblineError);
  }
  strictEqual(
    message.split("\n")[0],
    "error[G501]: the parameter `agents[2].trustNet.layers.0.weight` has an owner already, `actorOptimizer`, " +
      "and was given to another",
  );
  strictEqual(/const actorOptimizer = .*\n.*-+ `actorOptimizer` holds it/.test(message), true, message);
  strictEqual(actorOptimizer.groups.length, 1);
});
