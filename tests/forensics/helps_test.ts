/** Helps are right: a broken program that does what its help says trains, in silence. */

import { ok } from "node:assert";
import {
  type Answered,
  declareTheStop,
  everywhere,
  keepTheTensor,
  leaveOutTheStop,
  takeTheOther,
  type Way,
} from "./follow.ts";
import { answerOf, learns, quietly } from "./learns.ts";
import { runProgram, textOf } from "./programs.ts";

const asked = new Map<string, Promise<Answered>>();

/** What a broken program is answered; a warning is given only once. */
function answered(name: string): Promise<Answered> {
  const answer = asked.get(name) ??
    quietly(() => runProgram("broken", name)).then((x) => answerOf(x, textOf("broken", name)));
  asked.set(name, answer);
  return answer;
}

/** Helps that are code as it stands, and what learns once it stands in the program. */
const code: readonly (readonly [way: Way, name: string, modules: string])[] = [
  [keepTheTensor, "read_in_a_helper", "gate, net"],
  [leaveOutTheStop, "advantage_keeps_its_graph", "critic"],
  [leaveOutTheStop, "agents_in_an_array", "...agents.map((x) => x.policy)"],
  [leaveOutTheStop, "detach_in_a_checkpoint", "a, b"],
  [leaveOutTheStop, "detach_in_a_loop", "cell, head"],
  [leaveOutTheStop, "detach_in_a_loop_of_loops", "cell, outer"],
  [leaveOutTheStop, "detached_encoder", "encoder, decoder"],
  [leaveOutTheStop, "gru_written_by_hand", "gru"],
  [takeTheOther, "quantised_code", "analysis, synthesis"],
  // Declared, what is cut stays as it is, and the others learn.
  [declareTheStop, "actions_from_the_replay_buffer", ""],
  [declareTheStop, "attention_map_in_javascript", "value"],
  [declareTheStop, "bins_of_a_value", "table, head"],
  [declareTheStop, "detach_in_a_checkpoint", "b"],
  [declareTheStop, "detach_in_a_loop", "head"],
  [declareTheStop, "detach_in_a_loop_of_loops", "outer"],
  [declareTheStop, "detached_encoder", "decoder"],
  [declareTheStop, "features_as_json", "head"],
  [declareTheStop, "gru_written_by_hand", "gru.update, gru.candidate"],
  [declareTheStop, "hard_threshold", "detector.estimate"],
  [declareTheStop, "log_between_read_and_loss", "net"],
  [declareTheStop, "quantised_code", "synthesis"],
  [declareTheStop, "queue_of_embeddings", "query"],
  [declareTheStop, "running_baseline_of_critic", "policy"],
  [declareTheStop, "scale_as_text", "net"],
  [declareTheStop, "sparsity_through_host_arithmetic", "classifier"],
  [declareTheStop, "standardised_copy", "classifier"],
  [declareTheStop, "trust_item_fusion", "positionNet"],
  [declareTheStop, "world_model_imagines_from_data", "dynamics, reward"],
];

for (const [way, name, modules] of code) {
  Deno.test(`${name}, ${way.name}: the code of its help, put into the program, makes it learn`, async () => {
    const program = await answered(name);
    const text = way(program);
    ok(text, program.error.message);
    await learns(text, modules);
  });
}

/** A help in words, and what somebody does who reads it. */
interface Read {
  readonly name: string;
  /** What the help says. */
  readonly help: string;
  readonly edits: readonly (readonly [old: string, by: string])[];
  readonly modules: string;
}

const helps: readonly Read[] = [
  {
    name: "actions_from_the_replay_buffer",
    help:
      "keep what `actor.forward(tensor([state])).tanh()` was computed from, and compute it afresh where the loss is made",
    edits: [["a = tensor(batch.map((b) => b.action))", "a = actor.forward(s).tanh()"]],
    modules: "actor",
  },
  {
    name: "argmax_routing",
    help: "choose softly (softmax() as weights)",
    edits: [["const chosen = this.gate.forward(x).argmax(-1);", "const chosen = this.gate.forward(x).softmax(-1);"], [
      "oneHot(chosen, 3)",
      "chosen",
    ]],
    modules: "mixture",
  },
  {
    name: "assigned_and_differentiated",
    help: "use the tensor itself in the loss, net.forward(draw(4, 3)).tanh(), in the place of memory",
    edits: [["head.forward(memory)", "head.forward(net.forward(draw(4, 3)).tanh())"]],
    modules: "net, head",
  },
  {
    name: "attention_map_in_javascript",
    help: "softmaxRows() computes outside of the graph: write it in tensors.",
    edits: [["tensor(softmaxRows(numbers, 5), { shape: [5, 5] })", "scores.softmax(-1)"]],
    modules: "query, key, value",
  },
  {
    name: "bins_of_a_value",
    help: "weigh all of them by how near they are (softmax)",
    edits: [[
      "table.take(bin, 0)",
      "v.mul(9.99).unsqueeze(1).sub(tensor([[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]])).square().neg().softmax(1).matmul(table)",
    ]],
    modules: "enc, table, head",
  },
  {
    name: "branch_in_compiled_step",
    help: "choose by value with where(condition, a, b)",
    edits: [["if (loss.greater(10)) loss = loss.mul(0.1);", "loss = loss.mul(0.1).where(loss.greater(10), loss);"]],
    modules: "model",
  },
  {
    name: "compiled_features",
    help: "compute the loss, and call backward(), inside of the compiled function",
    edits: [
      ["for (let i = 0; i < 5; i++) {", "const step = compile(() => {"],
      ["(await features(x)).relu()", "backbone.forward(x).relu()"],
      [
        "  optimizer.step();\n}",
        "  optimizer.step();\n}, { state: [optimizer] });\nfor (let i = 0; i < 5; i++) await step();",
      ],
    ],
    modules: "backbone, head",
  },
  {
    name: "features_passed_to_a_step",
    help: "compute it inside of `update`: pass what it is made of, and run the network there.",
    edits: [["head.forward(features)", "head.forward(encoder.forward(features).relu())"], [
      "const features = encoder.forward(draw(6, 4)).relu();",
      "const features = draw(6, 4);",
    ]],
    modules: "encoder, head",
  },
  {
    name: "features_passed_to_a_step",
    help: 'stopGradient(features, "why") is passed.',
    edits: [["update(features, draw", 'update(features.detach("why"), draw']],
    modules: "head",
  },
  {
    name: "forbidding_boundary",
    help: "give the boundary a vjp, boundary(name, fn, { vjp })",
    edits: [[
      '}, "forbid");',
      "}, { vjp: (g, [u]) => [g.mul(tensor([[0.5, -0.5]])).sum(1, true).mul(u!.cos())] });",
    ], ["state = position;", 'state = position.detach("a step is an example");']],
    modules: "controller",
  },
  {
    name: "hard_threshold",
    help: "weigh both sides by the smooth one, s:  a.mul(s).add(b.mul(s.neg().add(1)))",
    edits: [
      [".sigmoid().greater(0.5);", ".sigmoid().sub(0.5).mul(10).sigmoid();"],
      ["where(alarm, 0, this.estimate.forward(signal))", "this.estimate.forward(signal).mul(alarm.neg().add(1))"],
    ],
    modules: "detector",
  },
  {
    name: "host_simulator",
    help: 'boundary("simulate", fn, { vjp }) says how a gradient crosses it.',
    edits: [
      ["import { Adam, HostRandom,", "import { Adam, boundary, HostRandom, stack,"],
      [
        "async function rollOut",
        `const drive = boundary("simulate", async (force) => {
  body = simulate(body, await force.item() as number);
  return tensor(body.x ** 2 + 0.1 * body.v ** 2);
}, { vjp: (g, [u]) => [g.mul(0.02 * body.v).expand(1, 1).mul(u!.mul(0).add(1))] });
let body: Body = { x: 1, v: 0 };
async function rollOut`,
      ],
      ["  let body: Body = { x: 1, v: 0 };\n", ""],
      ["  const costs: number[] = [];", "  body = { x: 1, v: 0 };\n  const costs: Tensor[] = [];"],
      [
        "    body = simulate(body, await force.item() as number); // expect G101",
        "    costs.push(await drive(force));",
      ],
      ["    costs.push(body.x ** 2 + 0.1 * body.v ** 2);\n", ""],
      ["tensor(costs)", "stack(costs)"],
    ],
    modules: "controller",
  },
  {
    name: "no_grad_features",
    help: "compute it outside of noGrad().",
    edits: [["noGrad(() => { // expect G101", "{"], ["    });\n    return", "    }\n    return"]],
    modules: "model",
  },
  {
    name: "no_grad_features",
    help: 'noGrad(() => .., "why")',
    edits: [["    });\n    return", '    }, "the backbone is given");\n    return']],
    modules: "model.head",
  },
  {
    name: "parameter_of_features",
    help: "use the tensor itself in the loss, h:",
    edits: [["features.square()", "h.square()"]],
    modules: "encoder",
  },
  {
    name: "sample_into_an_unfrozen_critic",
    help: "use rsample()",
    edits: [["policy.sample(", "policy.rsample("], [
      "const critic = new MLP([2, 16, 1], random);",
      "const critic = new MLP([2, 16, 1], random);\nfor (const x of critic.parameters()) x.requiresGrad = false;",
    ]],
    modules: "actor",
  },
  {
    name: "sample_without_reparameterisation",
    help: "use rsample()",
    edits: [["posterior.sample(", "posterior.rsample("]],
    modules: "trunk, mean, logStd, decoder",
  },
  {
    name: "text_of_a_traced_loss",
    help: "read the numbers with await t.item()",
    edits: [["  console.debug(`loss ${loss}`); // expect G103\n", ""], [
      "await step(tensor([[1, 2]]), tensor([[3]]));",
      "console.debug(await (await step(tensor([[1, 2]]), tensor([[3]]))).item());",
    ]],
    modules: "model",
  },
  {
    name: "two_experiments",
    help: "keep the tensor:  value.forward(draw(8, 3)), and compute with its methods",
    edits: [[
      "const loss = tensor(numbers.map((x) => (x - 1) ** 2)).mean();",
      "const loss = value.forward(draw(8, 3)).sub(1).square().mean();",
    ]],
    modules: "value",
  },
  {
    name: "values_of_a_compiled_policy",
    help: "compute it inside of `update`: pass what it is made of, and run the network there.",
    edits: [["const loss = value.sub(target)", "const loss = critic.forward(s).sub(target)"]],
    modules: "actor, critic",
  },
  {
    name: "zero_grad_after_backward",
    help: "zeroGrad() before backward()",
    edits: [["  loss.backward();\n  optimizer.zeroGrad();\n", "  optimizer.zeroGrad();\n  loss.backward();\n"]],
    modules: "model",
  },
  // G110: warnings.
  {
    name: "all_zero_weights",
    help: "let one of them begin away from 0",
    edits: [["weightInit: (_, s) => zeros(s), ", ""]],
    modules: "net",
  },
  {
    name: "bounds_by_minimum_and_maximum",
    help: "begin within the bounds",
    edits: [[".add(50)", ".add(5)"]],
    modules: "m",
  },
  {
    name: "choice_among_one",
    help: "take the axis along which there is something to choose",
    edits: [["new MLP([3, 8, 1], random)", "new MLP([3, 8, 4], random)"]],
    modules: "pi",
  },
  { name: "dead_relu", help: "leakyRelu()", edits: [["raw.relu()", "raw.leakyRelu()"]], modules: "features, depth" },
  {
    name: "mean_of_centred_values",
    help: "make the loss of something else",
    edits: [["v.sub(v.mean()).mean()", "v.sub(v.mean()).square().mean()"]],
    modules: "net",
  },
  {
    name: "ratio_of_two_passes",
    help: 'stopGradient(old, "of the policy that acted")',
    edits: [["const old = logProb(s, a);", 'const old = logProb(s, a).detach("of the policy that acted");']],
    modules: "pi",
  },
  {
    name: "ratio_with_itself",
    help: 'stopGradient(old, "of the policy that acted")',
    edits: [[
      "const oldLogProb = distribution.logProb(action).sum(1);",
      'const oldLogProb = logProb.detach("of the policy that acted");',
    ]],
    modules: "policy, logStd",
  },
  {
    name: "saturated_clamp",
    help: "begin within the bounds",
    edits: [[".add(1500)", ""]],
    modules: "net",
  },
  {
    name: "saturated_sigmoid",
    help: "bring what goes in nearer to 0",
    edits: [[".abs().add(200).sigmoid()", ".mul(0.01).sigmoid()"]],
    modules: "gate, output",
  },
  {
    name: "softmax_of_one",
    help: "take the axis along which there is something to choose",
    edits: [["softmax(-1)", "softmax(1)"]],
    modules: "pooling",
  },
];

for (const { name, help, edits, modules } of helps) {
  Deno.test(`${name}: whoever does what its help says, "${help}", has a program that learns`, async () => {
    const { text, error } = await answered(name);
    ok(error.help.some((x) => x.includes(help)), error.message);
    await learns(edits.reduce((some, [old, by]) => everywhere(some, old, by), text), modules);
  });
}
