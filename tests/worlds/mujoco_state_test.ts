/** The state that is kept before every step is that of MuJoCo's own function, whatever parts a model has. */

import assert from "node:assert/strict";
import { RandomStream } from "../../mod.ts";
import { type MainModule, type MjData, takeMujoco } from "../../lib/worlds/mujoco/engine.ts";
import { KeptState } from "../../lib/worlds/mujoco/kept_state.ts";
import { Model } from "../../lib/worlds/mujoco/model.ts";
import { mujocoNames } from "../../mod.ts";
import { taskOf } from "../../lib/worlds/mujoco/simulation.ts";

/** An actuator with a state, constraints of which one does not hold, a body that is moved by hand, numbers of the user's own. */
const everything = `<mujoco>
  <size nuserdata="3" memory="4M"/>
  <worldbody>
    <body name="hand" mocap="true" pos="1 2 3"><geom size="0.1" contype="0" conaffinity="0"/></body>
    <body name="a"><joint name="x" type="slide"/><geom size="0.1"/></body>
    <body name="b" pos="0 1 0"><joint name="y" type="slide"/><geom size="0.1"/></body>
  </worldbody>
  <equality>
    <joint joint1="x" joint2="y"/>
    <joint joint1="y" polycoef="0.1 0 0 0 0" active="false"/>
  </equality>
  <actuator><general joint="x" dyntype="filter" dynprm="0.1" ctrlrange="-1 1"/></actuator>
</mujoco>`;

function stateOf({ DoubleBuffer, mj_getState, mj_stateSize, mjtState }: MainModule, model: Model, data: MjData) {
  const { value: all } = mjtState.mjSTATE_INTEGRATION;
  const buffer = new DoubleBuffer(mj_stateSize(model.handle, all));
  mj_getState(model.handle, data, buffer, all);
  const numbers = (buffer.GetView() as Float64Array).slice();
  buffer.delete();
  return numbers;
}

const models: readonly (readonly [name: string, xml: string])[] = [
  ["a model with every part", everything],
  ...mujocoNames.map((name) => [name, taskOf(name).model] as const),
];

for (const [name, xml] of models) {
  Deno.test(`the state that is kept of ${name} is MuJoCo's own, also when its memory has grown`, async () => {
    const { mujoco, giveBack } = await takeMujoco();
    const model = await Model.take(xml);
    const data = new mujoco.MjData(model.handle);
    const kept = new KeptState(mujoco, model.handle, data);
    assert.deepEqual(kept.numbers, stateOf(mujoco, model, data));
    const random = new RandomStream([1, 2]);
    const others: MjData[] = [];
    for (let t = 0; t < 6; t++) {
      for (const part of ["ctrl", "qfrc_applied", "xfrc_applied", "userdata", "mocap_pos"] as const) {
        const numbers = data[part] as Float64Array;
        for (let i = 0; i < numbers.length; i++) numbers[i] = 0.1 * (random.next() - 0.5);
      }
      mujoco.mj_step(model.handle, data);
      if (t === 3) {
        const { buffer } = data.qpos as Float64Array;
        while (buffer.byteLength > 0) others.push(new mujoco.MjData(model.handle));
      }
      kept.keep();
      assert.deepEqual(kept.numbers, stateOf(mujoco, model, data), `step ${t}`);
    }
    for (const one of [data, ...others]) one.delete();
    model.giveBack();
    giveBack();
  });
}
