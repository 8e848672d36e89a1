/** Pages of G1xx (a gradient is cut) and G2xx (a graph is stale). */

/** What `explain()` shows of a code. */
export interface Page {
  /** A few words. */
  readonly title: string;
  /** When it happens, and why it is refused. */
  readonly meaning: string;
  /** A program that has the error. */
  readonly wrong: string;
  /** The same program mended. */
  readonly right: string;
}

/** G1xx and G2xx. */
export const pagesOfCuts = {
  G101: {
    title: "the gradient is cut",
    meaning: "A parameter influences the loss, but on the way its value leaves the graph: it is read with item() or " +
      "data(), detached, cast to an integer, compared, or chosen by argmax(). From there on it is a constant, so the " +
      "parameter cannot learn. The message names the line of the cut. A cut that is meant is declared with a reason. " +
      "An audit of a closure also finds values that leave the graph on one of several ways; where detach() does that, it " +
      "is taken as meant, and noted.",
    wrong: `const penalty = await aux.forward(x).mean().item(); // a number, no longer a tensor
loss.add(0.1 * penalty).backward();
optimizer.step(); // aux cannot learn`,
    right: `const penalty = aux.forward(x).mean();
loss.add(penalty.mul(0.1)).backward();
optimizer.step();

// or, if aux is not meant to learn from this loss:
const seen = stopGradient(aux.forward(x).mean(), "logging only");`,
  },
  G102: {
    title: "a traced value was read",
    meaning: "Inside a function given to compile(), tensors have no numbers yet: item(), data() and toList() have " +
      "nothing to give. The function runs once; its program is replayed with other numbers. A tensor that is kept " +
      "from it has none after it either.",
    wrong: `const step = compile(async (x: Tensor) => x.mul(await x.sum().item()));`,
    right: `const step = compile((x: Tensor) => x.mul(x.sum()));`,
  },
  G103: {
    title: "a tensor was used as a number, an array or a variable",
    meaning: "JavaScript's operators do not know tensors: a + b, a < b, Math.max(a, b), \`\${a}\` and [...a] would " +
      "compute with NaN or text, x.T and x[0] would be undefined, and w.data = v or x.shape[0] = 7 change nothing.",
    wrong: `const y = (x as any) + 1;`,
    right: `const y = x.add(1);`,
  },
  G104: {
    title: "a condition decides nothing",
    meaning: "`if (tensor)` is always true in JavaScript. In a traced function a condition that no result uses is " +
      "such a branch.",
    wrong: `if (x.sum().less(0)) return x.neg();
return x;`,
    right: `return where(x.sum().less(0), x.neg(), x);`,
  },
  G105: {
    title: "a variable was assigned inside the step of a scan that does not carry it",
    meaning:
      "The step of a scan is traced once and runs many times; an assignment inside of it would happen once. Named " +
      "as state, the variable is carried from step to step and has its last value afterwards.",
    wrong: `scan((h, x) => (memory.assign(h), [h.add(x), x]), h0, xs);`,
    right: `scan((h, x) => (memory.assign(h), [h.add(x), x]), h0, xs, { state: memory });`,
  },
  G106: {
    title: "a parameter is never used",
    meaning:
      "An optimiser holds a parameter that no loss has depended on so far, neither with a gradient nor through a " +
      "cut. Often a layer was made and forgotten in forward(), or a loss was left out. It may also be meant: an expert " +
      "that is idle, a head that joins later. So this is a warning, given once, when a step from the same loss leaves it " +
      "out a second time (a ninth time, if it is an entry of a list of which others are used). The parameter stays as it is.",
    wrong: `class Net extends Module {
  hidden = new Linear(4, 4, random);
  head = new Linear(4, 1, random);
  forward(x: Tensor) { return this.head.forward(x); } // hidden is forgotten
}`,
    right: `forward(x: Tensor) { return this.head.forward(this.hidden.forward(x).tanh()); }

// or, if it is to learn from a later loss, or to stay as it is:
joinsLater(net.hidden);
frozen(net.hidden);`,
  },
  G107: {
    title: "step() without gradients",
    meaning:
      "None of the optimiser's parameters has a gradient. Where backward() had given them gradients, and zeroGrad() " +
      "took them away before the step, this is an error. Where no loss was differentiated at all it is a warning, as a " +
      "step that changes nothing may be meant: no data has come yet.",
    wrong: `loss.backward();
optimizer.zeroGrad();
optimizer.step();`,
    right: `optimizer.zeroGrad();
loss.backward();
optimizer.step();`,
  },
  G108: {
    title: "a gradient would cross a boundary that forbids it",
    meaning: 'boundary(name, fn, "forbid") wraps code outside of the graph, such as a simulator. A loss that depends ' +
      "on its result cannot reach what went in.",
    wrong: `const physics = boundary("physics", simulate, "forbid");
const position = await physics(policy.forward(state));
position.square().sum().backward();`,
    right: `// write the physics in tensors, or say how the gradient crosses:
const physics = boundary("physics", simulate, { vjp: (gradient, inputs) => [gradient.mul(dt)] });`,
  },
  G109: {
    title: "the gradient disagrees with finite differences",
    meaning: "gradcheck() compared the derivative with central differences. Either a part of the function passes no " +
      "gradient, or the function is not smooth where it was tried.",
    wrong: `await gradcheck((x) => x.round().sum(), [tensor([0.49])]);`,
    right: `await gradcheck((x) => x.square().sum(), [tensor([0.49])]);`,
  },
  G110: {
    title: "a gradient is zero everywhere",
    meaning:
      "A gradient reaches the parameter, but every entry is 0, in the first step of its optimiser and still after " +
      "it: a ratio of a thing with itself, a softmax over one element, parts that cancel out (probabilities that are " +
      "summed, the mean of centred numbers), weights of several layers that all start at 0, a clamp or an activation " +
      "that is saturated for all of the batch, a relu that is dead. The message names the operation, also inside of a " +
      "loop. This is a warning: other data may bring the parameter to life. Gradients that are 0 for a start only (behind " +
      "a last layer of zeros), or because a penalty is met, are not told.",
    wrong: `const ratio = logProb.sub(policy.logProb(action)).exp(); // both from the same pass: always 1`,
    right: `const old = stopGradient(policy.logProb(action), "of the policy that acted"); // once, before the updates
// in each update
const ratio = policy.logProb(action).sub(old).exp();`,
  },
  G111: {
    title: "a part of the gradient is cut",
    meaning:
      "A value was read with item() or data(), and a part of the loss knows it only as these numbers, while another " +
      "part of the same loss still depends on what it was read from. So the parameters behind it learn, but not from " +
      "all of the loss: it falls, and what was meant to learn does not. This is a warning, given once. It is silent where " +
      "such numbers are weights, targets, old log-probabilities or statistics, or had no gradient to lose, as those of " +
      "a sample; a stop with a reason before the read declares it. The same is said where the graph itself cuts a part: " +
      "what is made of sample() while its distribution learns from another part, without the sample's logProb(), or where " +
      "a critic's judgement of the sample is a term of its own; a term that is a step, such as a count; and a term that " +
      "detach() or noGrad() stops without a reason.",
    wrong: `const trust = await net.forward(x).mean().item();
const loss = gps.mul(trust).sub(real).square().mean() // knows the net as a number
  .add(net.forward(x).square().mean().mul(0.1)); // all that it learns from`,
    right: `const trust = net.forward(x).mean();
const loss = gps.mul(trust).sub(real).square().mean()
  .add(net.forward(x).square().mean().mul(0.1));

// or, if it is meant:
const seen = await stopGradient(net.forward(x).mean(), "the filter is given").item();`,
  },
  G112: {
    title: "a gradient counts twice",
    meaning: "backward() adds to the gradients that are there. Called twice on one loss it counts it twice; without " +
      "zeroGrad() between two steps the gradients of all steps add up. Adding those of several losses before one step " +
      "(gradient accumulation) is what it is for, and is not told. This is a warning.",
    wrong: `for (const x of data) {
  lossOf(x).backward();
  optimizer.step();
}`,
    right: `for (const x of data) {
  optimizer.zeroGrad();
  lossOf(x).backward();
  optimizer.step();
}`,
  },
  G113: {
    title: "a clip that clips nothing, or not all",
    meaning:
      "clipGradNorm() scales the gradients that are there, for the next step. What backward() adds after it is not " +
      "clipped, and after step() there is nothing left to clip. This is a warning.",
    wrong: `first.backward();
optimizer.clipGradNorm(1);
second.backward();
optimizer.step();`,
    right: `first.backward();
second.backward();
optimizer.clipGradNorm(1);
optimizer.step();`,
  },
  G201: {
    title: "the graph is older than its parameters",
    meaning: "A parameter was changed (by step() or assign()) after the graph had used it. The gradient would belong " +
      "to weights that no longer exist. Stored outputs of a network have the same defect: store its inputs.",
    wrong: `const loss = lossOf(model, x);
optimizer.step();
loss.backward();`,
    right: `const loss = lossOf(model, x);
loss.backward();
optimizer.step();`,
  },
  G202: {
    title: "a value outlived its time",
    meaning:
      "A tensor refers to numbers that are gone: those of a parameter before a compiled step replaced it, those " +
      "that it would have had after a step that failed, or of a traced function after its trace.",
    wrong: `const before = model.weight.detach("for comparison");
await compiledStep();
await before.data();`,
    right: `const before = (await model.weight.data()).slice();
await compiledStep();`,
  },
  G203: {
    title: "a compiled function uses state that it was not told of",
    meaning: "compile() traces once. What changes between calls must be named as state, else its value of the first " +
      "call would stay forever.",
    wrong: `const step = compile(() => lossOf(model));`,
    right: `const step = compile(() => lossOf(model), { state: [model, optimizer] });`,
  },
  G204: {
    title: "a computed tensor was kept across steps",
    meaning: "The loss uses parameters as they are now, and also a tensor that was computed with them before a " +
      "step(): a recurrent state, a replay buffer of outputs. Its gradient would belong to older weights, and the " +
      "graphs of all steps before would be kept.",
    wrong: `let state = zeros([1, 8]);
for (const x of data) {
  state = cell.forward(x, state);
  lossOf(state).backward();
  optimizer.step();
}`,
    right: `let state = zeros([1, 8]);
for (const x of data) {
  state = cell.forward(x, stopGradient(state, "truncated backpropagation"));
  lossOf(state).backward();
  optimizer.step();
}`,
  },
  G205: {
    title: "a metric keeps every graph alive",
    meaning: "A tensor was summed over several steps with its graph, and with it every step's activations are kept. " +
      "This is a warning.",
    wrong: `total = total.add(loss); // a tensor that holds the graphs of all steps`,
    right: `total = total.add(loss.detach("metric"));
// or
total += await loss.item();`,
  },
  G206: {
    title: "a buffer was given a tensor with a graph",
    meaning: "A rollout buffer stores data: observations, actions, rewards. A tensor that a network computed would " +
      "keep its graph and be stale after the next step. Store the inputs and compute again, or store a detached copy.",
    wrong: `buffer.add({ features: encoder.forward(observation) });`,
    right: `buffer.add({ observation });
// later, in the update
const features = encoder.forward(batch.observation);`,
  },
  G207: {
    title: "an audit of what was computed before",
    meaning:
      "audit() runs a function again, with parameters moved and old numbers in the place of new ones, to find what the " +
      "graph does not show. A tensor that was computed before the function ran does not move: that nothing is found would " +
      "mean nothing.",
    wrong: `const loss = lossOf(model, x);
await audit(() => loss);`,
    right: `await audit(() => lossOf(model, x));`,
  },
} as const satisfies Record<`G${number}`, Page>;
