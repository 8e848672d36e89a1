/** No wrong call of anything that the library exports passes in silence, and none is refused in words of the JavaScript engine. */

import assert from "node:assert/strict";
import * as plumbline from "../../mod.ts";
import { language } from "./language.ts";
import { modules } from "./modules.ts";
import { type Call, method, own, rightArguments, wrongCalls } from "./parameters.ts";
import { functions, methods } from "./tensors.ts";
import { programs } from "./worlds.ts";

/** What nobody calls: what the library calls, abstract classes, errors. What JavaScript calls by itself is left out too. */
const internal = new Set(
  [
    ...["Aliases", "Gated", "LearnedFusion", "Module", "OnPolicyTrainer", "PolicyTrainer"],
    ...["Recurrent", "Stateless", "WindowTrainer"],
    ...["AuditReport", "HorizonReport", "Interrupt", "NonFiniteError", "PlumblineError"],
    ...["SimulationError", "Site", "UsageError"],
  ].map((name) => `new ${name}`).concat([
    ...["settle", "nameOfMade", "nameOf"].map((name) => `Site.${name}`),
    ...["penalised", "decayed", "update"].map((name) => `Adam.${name}`),
    ...["penalised", "decayed"].map((name) => `AdamW.${name}`),
    ...["SGD.update", "RMSprop.update", "RandomStream.bits", "Optimizer.planStep", "CategoricalPolicy.read"],
    ...["ClippedGaussianPolicy.read", "GaussianPolicy.read"],
    ...["GRU", "LSTM"].flatMap((name) => [`${name}.inputBias`, `${name}.next`]),
    ...["Module.stateEntries", "Gated.stateEntries", "Gated.stateShape"],
    ...["placeIn", "put", "replace", "release", "adopt", "own"].map((name) => `Variable.${name}`),
    ...["ParameterGroup.flatGrads", "OnPolicyTrainer.once", "OnPolicyTrainer.restoreOthers"],
    ...["once", "restoreOthers"].map((name) => `WindowTrainer.${name}`),
    ...["dispose", "restoreOthers", "turn"].map((name) => `PolicyTrainer.${name}`),
    ...["release", "refuseOwned", "becomePart", "accumulate"].map((name) => `Parameter.${name}`),
  ]),
);
const conversions = ["constructor", "toString", "toJSON", "valueOf"];

/** Methods of tensors, and the functions of {@linkcode plumbline.F} that call them. */
function* ofTensors(): Generator<Call> {
  const some = plumbline.tensor([[1, 2], [3, 4]]);
  const known = new Map(methods.map((one) => [one.name, one]));
  const { Aliases, Tensor } = plumbline;
  for (const name of [Tensor, Aliases].flatMap((of) => Object.getOwnPropertyNames(of.prototype))) {
    if (typeof Reflect.get(some, name) !== "function" || conversions.includes(name)) continue;
    yield known.get(`Tensor.${name}`) ?? method("Tensor", /not$/i.test(name) ? some.greater(2) : some, name);
  }
}

function* ofFunctions(all: readonly Call[]): Generator<Call> {
  for (const one of all) {
    const call = (plumbline.F as unknown as Readonly<Record<string, Call["call"]>>)[one.name.replace("Tensor.", "")];
    if (!call) continue;
    const x = own(one.target, null, "x", {}, [1], () => 1);
    yield { ...one, name: one.name.replace("Tensor", "F"), call, parameters: [x, ...one.parameters] };
  }
}

const tensorMethods = [...ofTensors()];
const tables: readonly Call[] = [
  ...tensorMethods,
  ...ofFunctions(tensorMethods),
  ...functions,
  ...modules,
  ...language,
  ...programs,
];

/** Constructors that are the library's own, and of classes that others are made of: whatever they are called with is wrong. */
const constructors: Readonly<Record<string, readonly (readonly unknown[])[]>> = {
  Tensor: [[], [[1, 2]], [3], [null], [plumbline.tensor(1)]],
  Simulations: [[], [new plumbline.HostPendulum(), 2]],
  PPOTrainer: [[], [new plumbline.Pendulum(), {}]],
  BPTTTrainer: [[], [new plumbline.Pendulum(), {}]],
  SHACTrainer: [[], [new plumbline.Pendulum(), {}]],
  TRPOTrainer: [[], [new plumbline.Pendulum(), {}]],
  SwarmTrainer: [[], [new plumbline.SpoofedSwarm(), {}]],
  Optimizer: [[], [[new plumbline.Parameter(plumbline.tensor(1))]], [[], { lr: 1, weightDecay: 0 }], [
    null,
    null,
    null,
  ]],
  Policy: [[], [{}], [{ agents: 1, observationSize: 2, actionSize: 1 }, 2], [null, 1, new plumbline.HostRandom(0)]],
};

/** What V8 says where nobody has looked at an argument. */
const raw =
  /is not a function|is not iterable|Cannot (read|convert|mix|destructure|set|assign|use)|is not a constructor|undefined \(|Invalid array length|Maximum call stack|circular structure|object null|is not defined/;

async function refusal({ call }: Call, args: readonly unknown[]): Promise<unknown> {
  try {
    const given = await call(...args);
    return { given };
  } catch (error) {
    return error;
  }
}

function faultOf(error: unknown, isPromise: boolean): string | null {
  const { PlumblineError, UsageError } = plumbline;
  const kinds = [PlumblineError, UsageError, RangeError, TypeError];
  if (!(error instanceof Error)) return `accepted: it gave ${Deno.inspect(error).slice(0, 80)}`;
  if (!kinds.some((kind) => error instanceof kind)) return `threw ${error.name}: ${error.message}`;
  if (raw.test(error.message)) return `threw in other words: ${error.message}`;
  if (!/^\S.{12,}[.)`"]$/s.test(error.message.split("\n")[0]!)) return `is no sentence: ${error.message}`;
  if (isPromise && !/await/.test(error.message)) return `does not say that await is missing: ${error.message}`;
  return null;
}

for (const one of tables) {
  Deno.test(`${one.name} takes its arguments, and refuses others in a sentence`, async () => {
    const faults: string[] = [];
    if (!one.isLong) await one.call(...rightArguments(one));
    for (const { what, args, isPromise } of wrongCalls(one)) {
      const fault = faultOf(await refusal(one, args()), isPromise);
      if (fault) faults.push(`${what}: ${fault}`);
    }
    assert.deepEqual(faults, []);
  });
}

Deno.test("a method that has lost what it is of says so", async () => {
  const faults: string[] = [];
  const seen = new Map<string, number>();
  for (const { name, target } of tables) {
    const [of, key] = name.split(".");
    const times = seen.get(of!) ?? 0;
    if (!target || times > 2) continue; // One mechanism is behind all of a class.
    seen.set(of!, times + 1);
    const call = Reflect.get(target, key!);
    for (const lost of times === 0 ? [undefined, {}] : [undefined]) {
      const error = await refusal({ call: () => Reflect.apply(call, lost, []) } as unknown as Call, []);
      const fault = faultOf(error, false);
      if (fault) faults.push(`${name} of ${lost ? "another" : "nothing"}: ${fault}`);
    }
  }
  assert.ok(seen.size > 50);
  assert.deepEqual(faults, []);
});

Deno.test("what is like a tensor, and is none, is refused in a sentence and can be printed", async () => {
  const { HostRandom, Linear, Parameter, tensor } = plumbline;
  const x = tensor([1, 2]);
  const like = [new Proxy(x, {}), new Proxy(new Parameter(x), {}), Object.create(x), plumbline.Tensor.prototype];
  for (const one of like) {
    assert.match(Deno.inspect(one), /no tensor, but a Proxy or a copy of one|float32 \[2\]/);
    const calls = [
      () => one.sum(),
      () => one.shape,
      () => x.add(one),
      () => new Linear(2, 2, new HostRandom(0)).forward(one),
    ];
    for (const call of calls) {
      assert.equal(faultOf(await refusal({ call } as unknown as Call, []), false), null);
      assert.throws(call, /a tensor is needed, not a Proxy or a copy of one|is a method of a Tensor/);
    }
  }
});

Deno.test("a tensor is neither cloned nor compared by its fields", () => {
  const { Parameter, tensor } = plumbline;
  const told = /the numbers of a tensor: await t\.data\(\) has them/;
  for (const one of [tensor(1), new Parameter(tensor(1)), { deep: [tensor(1)] }]) {
    assert.throws(() => structuredClone(one), told);
    assert.deepEqual({ one }, { one });
  }
  assert.throws(() => assert.deepEqual(tensor(1), tensor(2)));
  assert.throws(() => assert.deepEqual({ x: [tensor(1)] }, { x: [tensor(1)] }));
});

for (const [name, calls] of Object.entries(constructors)) {
  Deno.test(`new ${name}() that nobody should call is refused in a sentence`, () => {
    const Made = Reflect.get(plumbline, name);
    for (const args of calls) {
      const call = (): unknown => Reflect.construct(Made, args);
      assert.throws(call, (error) => error instanceof plumbline.PlumblineError && faultOf(error, false) === null);
    }
  });
}

/** What is exported and can be called: functions, constructors and methods by the names of the tables. */
function* exported(): Generator<string> {
  for (const [name, value] of Object.entries(plumbline)) {
    if (typeof value !== "function") continue;
    if (/^class\b/.test(Function.prototype.toString.call(value))) {
      yield `new ${name}`;
      for (const [key, { value: found }] of Object.entries(Object.getOwnPropertyDescriptors(value.prototype))) {
        if (typeof found === "function" && !conversions.includes(key)) yield `${name}.${key}`;
      }
    } else yield name;
  }
  for (const name of Object.keys(plumbline.F)) yield `F.${name}`;
}

/** The names of a call: a method has those of the class that it is of and of the one that it comes from. */
function namesOf({ name, target }: Call): string[] {
  const key = name.split(".")[1]!;
  let owner = target;
  while (owner && !Object.hasOwn(owner, key)) owner = Object.getPrototypeOf(owner);
  return owner ? [name, `${owner.constructor.name}.${key}`] : [name];
}

Deno.test("every function, constructor and method that is exported has its wrong calls", () => {
  const listed = new Set(tables.flatMap(namesOf));
  assert.deepEqual(
    [...exported()].filter((name) =>
      !listed.has(name) && !internal.has(name) && !Object.hasOwn(constructors, name.replace("new ", ""))
    ),
    [],
  );
});

Deno.test("there are some thousands of wrong calls", () => {
  assert.ok(tables.reduce((sum, one) => sum + wrongCalls(one).length, 0) > 5000);
});
