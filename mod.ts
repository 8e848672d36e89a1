/**
 * Plumbline: tensors, gradients and trainers for Deno, on WebGPU (Dawn) and on the CPU (WebAssembly, ONNX Runtime).
 *
 * @example
 * ```ts
 * import { Parameter, tensor } from "@plumbline/plumbline";
 *
 * const w = new Parameter(tensor([1, 2, 3]), "w");
 * w.square().sum().backward();
 * console.log(await w.grad!.toList()); // [2, 4, 6]
 * ```
 *
 * @module
 */

import "./lib/train/surroundings.ts";

export type { Aval, Axes, DType, SavedTensor, Shape, TypedArray } from "./lib/graph/types.ts";
export { type ErrorCode, type ErrorParts, type Place, PlumblineError } from "./lib/graph/error.ts";
export { Interrupt } from "./lib/graph/interrupt.ts";
export { countLiveBytes, liveBytes } from "./lib/graph/live_bytes.ts";
export { onWarning, type WarningListener } from "./lib/graph/warning.ts";
export { audit, type Audited } from "./lib/audit/audit.ts";
export { auditUpdate } from "./lib/audit/movement.ts";
export { gradientOverTime, type HorizonOptions, HorizonReport, type HorizonVerdict } from "./lib/audit/horizon.ts";
export { type AuditEntry, AuditReport } from "./lib/audit/report.ts";
export type { DeclaredStop } from "./lib/audit/stops.ts";
export { boundary, type BoundaryRule, type Bounded } from "./lib/audit/boundary.ts";
export type { Cut } from "./lib/forensics/flow/dropped.ts";
export type { LossFunction } from "./lib/audit/freeze.ts";
export { Metric, metric, type MetricOptions, type Reduction } from "./lib/audit/metric.ts";
export { RolloutBuffer, type Row } from "./lib/rl/buffer.ts";
export { Site } from "./lib/graph/site.ts";
export { codes, explain, type Page } from "./lib/forensics/pages/codes.ts";

export { type NestedList, type Sorted, Tensor, type TensorLike } from "./lib/tensor/tensor.ts";
export { Aliases } from "./lib/tensor/aliases.ts";
export type { Axis, AxisOrAxes } from "./lib/tensor/axis.ts";
export type { SpreadOptions } from "./lib/tensor/refuse.ts";
export {
  arange,
  eye,
  fromBuffer,
  full,
  linspace,
  ones,
  onesLike,
  tensor,
  type TensorOptions,
  zeros,
  zerosLike,
} from "./lib/tensor/creation.ts";
export {
  cat,
  concat,
  F,
  type Functions,
  matmul,
  oneHot,
  type Operations,
  stack,
  stopGradient,
  where,
} from "./lib/tensor/functions.ts";
export { einsum, hstack, meshgrid, type MeshgridOptions, vstack } from "./lib/tensor/joins.ts";
export { cholesky, solveTriangular } from "./lib/tensor/linear_algebra.ts";
export type { TriangularOptions } from "./lib/tensor/triangular.ts";
export { noGrad } from "./lib/tensor/no_grad.ts";
export {
  bernoulli,
  Generator,
  normal,
  randomBits,
  randomInt,
  randomKey,
  splitKey,
  uniform,
} from "./lib/tensor/random.ts";
export { padBatch, type PadBatchOptions, type PaddedBatch } from "./lib/tensor/pad_batch.ts";
export { cond, whileLoop, type WhileOptions } from "./lib/tensor/branches.ts";
export { checkpoint, scan, type ScanOptions } from "./lib/tensor/scan.ts";
export type { LoadOptions, LoadResult, StateDict } from "./lib/tensor/state_dict.ts";
export { leaves, mapTree, type Tree } from "./lib/tensor/tree.ts";
export { Parameter, type Stateful, Variable } from "./lib/tensor/variable.ts";

export type { Argument } from "./lib/compile/call.ts";
export { compile, type Compiled, type CompileOptions } from "./lib/compile/compile.ts";
export type { Engine } from "./lib/engine/engine.ts";
export { type Device, deviceNotice, devices, useDevice } from "./lib/engine/select.ts";
export { type AdapterFacts, type Probe, probeAdapters } from "./lib/engine/webgpu/adapter.ts";
export { type LocatedValue, NonFiniteError, type NonFiniteOrigin } from "./lib/forensics/nonfinite/error.ts";
export { locateNonFinite } from "./lib/audit/nonfinite_search.ts";
export type { Statistics } from "./lib/forensics/nonfinite/statistics.ts";
export { checkNumerics } from "./lib/forensics/nonfinite/watch.ts";
export type { FailedStep, StepInput } from "./lib/forensics/nonfinite/failed_step.ts";

export { grad, type GradientOptions, gradients, hvp, valueAndGrad, vjp } from "./lib/tensor/transforms.ts";
export { type InAxes, jacobian, jvp, vmap } from "./lib/tensor/function_transforms.ts";
export { gradcheck, type GradcheckOptions } from "./lib/tensor/gradcheck.ts";

export { HostRandom } from "./lib/tensor/host_random.ts";
export { frozen, joinsLater, Module } from "./lib/nn/module.ts";
export { defaultInit, type Initializer, normalInit, orthogonal, uniformInit } from "./lib/nn/init.ts";
export { type Activation, LayerNorm, Linear, type LinearOptions, MLP, type MLPOptions } from "./lib/nn/layers.ts";
export {
  Conv1d,
  conv1d,
  type Conv1dLayerOptions,
  type Conv1dOptions,
  Conv2d,
  conv2d,
  type Conv2dLayerOptions,
  type Conv2dOptions,
  type ConvWeightOptions,
} from "./lib/nn/convolution/convolution.ts";
export {
  AdaptiveAvgPool1d,
  AdaptiveAvgPool2d,
  adaptiveAvgPool2d,
  AdaptiveMaxPool1d,
  AdaptiveMaxPool2d,
  adaptiveMaxPool2d,
  type OutputSize,
} from "./lib/nn/convolution/adaptive_pooling.ts";
export {
  AvgPool1d,
  AvgPool2d,
  avgPool2d,
  MaxPool1d,
  MaxPool2d,
  maxPool2d,
  type Pool1dOptions,
  type PoolOptions,
} from "./lib/nn/convolution/pooling.ts";
export type { Pair } from "./lib/nn/convolution/windows.ts";
export { Dropout, dropout } from "./lib/nn/dropout.ts";
export { Embedding, type EmbeddingOptions } from "./lib/nn/embedding.ts";
export {
  ELU,
  Flatten,
  GELU,
  Identity,
  LeakyReLU,
  LogSoftmax,
  ReLU,
  Sigmoid,
  SiLU,
  Softmax,
  Softplus,
  Stateless,
  Tanh,
} from "./lib/nn/activations.ts";
export {
  type BinaryCrossEntropyOptions,
  binaryCrossEntropyWithLogits,
  crossEntropy,
  type CrossEntropyOptions,
  huberLoss,
  type HuberOptions,
  klDiv,
  type KLDivOptions,
  l1Loss,
  type Loss,
  type LossOptions,
  type LossReduction,
  mseLoss,
  nllLoss,
  type NLLOptions,
} from "./lib/nn/losses.ts";
export { BatchNorm, type BatchNormOptions } from "./lib/nn/norm/batch_norm.ts";
export { GroupNorm } from "./lib/nn/norm/group_norm.ts";
export { RMSNorm } from "./lib/nn/norm/rms_norm.ts";
export { Sequential } from "./lib/nn/sequential.ts";
export { type AttentionOptions, scaledDotProductAttention } from "./lib/nn/transformer/attention.ts";
export { TransformerBlock, type TransformerBlockOptions } from "./lib/nn/transformer/block.ts";
export {
  MultiheadAttention,
  type MultiheadAttentionOptions,
  type MultiheadCall,
  type MultiheadMasks,
} from "./lib/nn/transformer/multihead.ts";
export { type RotaryOptions, rotaryPositions, sinusoidalPositions } from "./lib/nn/transformer/positions.ts";
export {
  type HeadTargets,
  headTargets,
  type HeadWeightOptions,
  headWeights,
  lookAhead,
  multiTokenLoss,
} from "./lib/lm/heads.ts";
export { valueDeltas, type ValueTargetOptions, type ValueTargetParts, valueTargets } from "./lib/lm/critic.ts";
export { LanguageModel, type LanguageModelOptions } from "./lib/lm/language_model.ts";
export { StackedMLP } from "./lib/nn/stacked.ts";
export { Recurrent } from "./lib/nn/recurrent.ts";
export { Gated, type GatedOptions, type GatedState, type RecurrentOptions } from "./lib/nn/gated.ts";
export { LSTM, type LSTMState } from "./lib/nn/lstm.ts";
export { GRU, type GRUState } from "./lib/nn/gru.ts";
export { type RecurrentKind, RecurrentMLP, type RecurrentMLPOptions } from "./lib/nn/recurrent_mlp.ts";
export { Categorical, type CategoricalChoice, Normal, TanhNormal } from "./lib/nn/distributions.ts";
export { Bernoulli, type BernoulliChoice } from "./lib/nn/distributions/bernoulli.ts";
export { Beta } from "./lib/nn/distributions/beta.ts";
export { type Component, type Divergent, klDivergence, MixtureSameFamily } from "./lib/nn/distributions/mixture.ts";
export { MultivariateNormal, type Spread } from "./lib/nn/distributions/multivariate_normal.ts";
export { Uniform } from "./lib/nn/distributions/uniform.ts";
export { conjugateGradient, type ConjugateGradientOptions } from "./lib/optim/conjugate_gradient.ts";
export { FlatVector, ParameterGroup } from "./lib/optim/group.ts";
export { type GroupDefaults, type GroupOptions, type GroupState, Optimizer } from "./lib/optim/optimizer.ts";
export { Adam, type AdamOptions, AdamW, SGD, type SGDOptions } from "./lib/optim/optimizers.ts";
export {
  cosineAnnealing,
  LRScheduler,
  oneCycle,
  type OneCycleOptions,
  type RateSchedule,
  stepDecay,
  warmup,
} from "./lib/optim/lr_scheduler.ts";
export { GradientAccumulator } from "./lib/optim/accumulator.ts";
export { RMSprop, type RMSpropOptions } from "./lib/optim/rmsprop.ts";
export { ExponentialMovingAverage } from "./lib/optim/weight_average.ts";
export { rateLeft, type Schedule, schedules } from "./lib/optim/schedule.ts";

export { exportOnnx, type ExportOptions } from "./lib/compile/export.ts";
export type {
  ActionKind,
  Environment,
  EpisodeReduction,
  StepReduction,
  Transition,
  World,
} from "./lib/worlds/environment.ts";
export { RandomStream } from "./lib/graph/random_stream.ts";
export type {
  HostScene,
  HostWorld,
  MakeSimulation,
  MetricReduction,
  PlaneScene,
  Simulation,
  SpaceScene,
  StepOutcome,
} from "./lib/worlds/host/world.ts";
export { SimulationError } from "./lib/worlds/host/error.ts";
export type { SimulationsState } from "./lib/worlds/host/pool.ts";
export { type HostTransition, Simulations } from "./lib/worlds/host/simulations.ts";
export { HostPendulum, type HostPendulumOptions } from "./lib/worlds/pendulum/host.ts";
export { Pendulum, type PendulumOptions, type PendulumState } from "./lib/worlds/pendulum/pendulum.ts";
export {
  type MotionClip,
  motionClip,
  type MotionName,
  type MujocoArray,
  type MujocoControl,
  mujocoMetrics,
  type MujocoName,
  mujocoNames,
  type MujocoOptions,
  mujocoSimulation,
  type MujocoSimulationOptions,
  type MujocoState,
  type MujocoTask,
  MujocoWorld,
} from "./lib/worlds/mujoco/world.ts";
export { type HostRecording, recordEpisodes } from "./lib/rl/host_episodes.ts";
export {
  type CarState,
  type ModelName,
  modelNames,
  VehicleModel,
  type VehicleModelOptions,
} from "./lib/worlds/vehicle/models/model.ts";
export {
  type BodyParameters,
  type CarName,
  carNames,
  type ParameterName,
  type SuspensionParameters,
  type VehicleParameters,
  type WheelParameters,
} from "./lib/worlds/vehicle/models/cars.ts";
export { integrate, type IntegrateOptions, type Rate, type Scheme, schemes } from "./lib/worlds/vehicle/integrate.ts";
export { Track, type TrackOptions } from "./lib/worlds/vehicle/tracks/track.ts";
export { type TrackName, trackNames } from "./lib/worlds/vehicle/tracks/curves.ts";
export type { VehicleOptions } from "./lib/worlds/vehicle/options.ts";
export { Vehicle, type VehicleState } from "./lib/worlds/vehicle/vehicle.ts";
export {
  type VehicleEntity,
  VehicleScene,
  type VehicleSceneOptions,
  type VehicleSceneState,
} from "./lib/worlds/vehicle/simulator.ts";
export { type ControllerGains, controllersOf as vehicleControllers } from "./lib/worlds/vehicle/controllers.ts";
export type { PlannerWeights } from "./lib/worlds/vehicle/planner.ts";
export {
  type FoundName,
  type IdentifiedCar,
  identifyVehicle,
  type RecordedDrive,
  type Sensor,
  simulateDrive,
} from "./lib/worlds/vehicle/identify.ts";
export type { GivenParameters } from "./lib/worlds/vehicle/models/law.ts";
export type { Limits as VehicleLimits } from "./lib/worlds/vehicle/models/limits.ts";
export type { TyreParameters } from "./lib/worlds/vehicle/models/tyre.ts";
export { SpoofedSwarm, swarmGreedy, type SwarmState } from "./lib/worlds/swarm/swarm.ts";
export { type AttackKind, attackKinds, type SwarmOptions, type SwarmSettings } from "./lib/worlds/swarm/options.ts";
export type { Attack } from "./lib/worlds/swarm/attack.ts";
export type { SwarmNoise } from "./lib/worlds/swarm/sense.ts";
export type { Fused, Fusion, Hidden, Sensed } from "./lib/worlds/swarm/fusion.ts";
export type { Belief } from "./lib/worlds/swarm/kalman.ts";
export { type FusionName, fusionNames, fusionOf } from "./lib/worlds/swarm/fusions.ts";
export { resetWhere } from "./lib/worlds/episode.ts";
export { type Episodes, Evaluator, type Moment, play, type Played } from "./lib/rl/evaluation.ts";
export { type Advantages, generalisedAdvantages, type Trajectory } from "./lib/rl/gae.ts";
export { Critic, type NetworkOptions, RecurrentCritic } from "./lib/rl/networks.ts";
export {
  type Act,
  type ActionDistribution,
  type NetworkMaker,
  Policy,
  type PolicyOptions,
  type PolicyOutput,
} from "./lib/rl/policy.ts";
export {
  type CategoricalOutput,
  CategoricalPolicy,
  ClippedGaussianPolicy,
  type GaussianOutput,
  GaussianPolicy,
  policyFor,
  type PolicySpaces,
} from "./lib/rl/policies.ts";
export { HorizonProbe, type HorizonProbeOptions } from "./lib/rl/horizon.ts";
export { policyOnnx } from "./lib/rl/policy_onnx.ts";
export {
  type Minibatch,
  type PPOLoss,
  ppoLoss,
  type PPOLossOptions,
  type Predictions,
  smoothL1,
} from "./lib/rl/ppo.ts";
export type { PPOOptions } from "./lib/rl/ppo_options.ts";
export { type PPOFacts, PPOTrainer } from "./lib/rl/ppo_trainer.ts";
export type { OnPolicyOptions } from "./lib/rl/on_policy_options.ts";
export { OnPolicyTrainer } from "./lib/rl/on_policy_trainer.ts";
export type { AnyProgram } from "./lib/rl/experience.ts";
export { type OnPolicyFacts, type PaceOptions, PolicyTrainer } from "./lib/rl/policy_trainer.ts";
export { type TRPOStep, trpoStep, type TrustRegion, type TrustRegionOptions } from "./lib/rl/trpo.ts";
export type { TRPOOptions } from "./lib/rl/trpo_options.ts";
export { type SHACOptions, SHACTrainer } from "./lib/rl/shac_trainer.ts";
export { type ShortHorizon, shortHorizonReturn } from "./lib/rl/shac.ts";
export { TRPOTrainer } from "./lib/rl/trpo_trainer.ts";
export type { Metrics, Trainer, TrainerFacts, TrainerState } from "./lib/systems/trainer.ts";

export { LearnedFusion } from "./lib/rl/trust/learned_fusion.ts";
export { TrustConsensus, type TrustConsensusOptions, type TrustMemory } from "./lib/rl/trust/consensus.ts";
export { TrustNetwork } from "./lib/rl/trust/trust_network.ts";
export { type DetectorMemory, OffsetDetector } from "./lib/rl/trust/offset_detector.ts";
export type { FusionOptions } from "./lib/rl/trust/fusion_learner.ts";
export type { SwarmTrainerOptions } from "./lib/rl/trust/swarm_learner.ts";
export { SwarmTrainer } from "./lib/rl/trust/swarm_trainer.ts";
export { type BPTTOptions, BPTTTrainer } from "./lib/rl/bptt_trainer.ts";
export type { WindowOptions } from "./lib/rl/window_options.ts";
export { WindowTrainer } from "./lib/rl/window_trainer.ts";
export { RunningScale } from "./lib/rl/running_scale.ts";
export { Collector, type Drive, type Rollout, type SequenceRollout } from "./lib/rl/rollout.ts";
export { ActionRepeat } from "./lib/worlds/repeat.ts";
export { Navigation, type NavigationState } from "./lib/worlds/particle/scenarios/navigation.ts";
export type { Entity, Placement, Role, Scene, SceneErrors, SceneLidar } from "./lib/worlds/scene.ts";
export type {
  Arrow,
  Capsule,
  Cuboid,
  Cylinder,
  Ellipsoid,
  Plane,
  SceneView,
  Solid,
  SolidEntity,
  SolidRole,
} from "./lib/worlds/solids.ts";
export type { NavigationOptions } from "./lib/worlds/particle/scenarios/navigation_options.ts";
export {
  type Controller,
  type ControllerName,
  controllerNames,
  controllerOf,
  type RecurrentController,
} from "./lib/worlds/controllers.ts";
export { Wheel, type WheelOptions, type WheelState } from "./lib/worlds/particle/scenarios/wheel.ts";
export {
  ReverseTransport,
  type ReverseTransportOptions,
  type ReverseTransportState,
} from "./lib/worlds/particle/scenarios/reverse_transport.ts";
export type {
  Body,
  Box,
  Fixture,
  HollowBox,
  Line,
  Outline,
  Shape as BodyShape,
  Sphere,
} from "./lib/worlds/particle/body.ts";
export type { ContactLaw } from "./lib/worlds/particle/contact.ts";
export type { Joint } from "./lib/worlds/particle/joints.ts";
export type { Motion } from "./lib/worlds/particle/motion.ts";
export { ParticleWorld, type WorldOptions } from "./lib/worlds/particle/world.ts";
export { BuzzWire, type BuzzWireOptions, type BuzzWireState } from "./lib/worlds/particle/scenarios/buzz_wire.ts";

export type { ChartConfig, ChartSpec } from "./lib/plot/chart.ts";
export { type CurveOptions, type CurvePoint, type CurveSeries, rewardCurve } from "./lib/plot/curves.ts";
export { type PathOptions, paths, type PathSeries } from "./lib/plot/paths.ts";
export { headMap, type HeadMapOptions, type HeadMapParts } from "./lib/plot/head_map.ts";
export { gradientCurve, type HorizonChartOptions, type HorizonSeries } from "./lib/plot/horizon.ts";
export { type OverTime, overTime, type OverTimeOptions } from "./lib/plot/over_time.ts";
export { axisPanels, parallelAxes, type SweptOptions, type SweptPoint } from "./lib/plot/sweep.ts";
export { drawAnimation, drawStill, type Footage, type PictureOptions, type SpaceFootage } from "./lib/plot/episode.ts";
export { theme } from "./lib/plot/theme.ts";
export { display, type Displayable, type MimeBundle } from "./lib/plot/notebook.ts";
export { UsageError } from "./lib/systems/usage.ts";
export { checkEnvironment } from "./lib/systems/check_environment.ts";
export type { Outcome } from "./lib/train/files/manifest.ts";
export type { MetricsRow } from "./lib/train/files/metrics.ts";
export type { CommonConfig, Config, running, Setting, Settings } from "./lib/systems/settings.ts";
export type { ValuesOf } from "./lib/systems/option.ts";
export type { IterationEvent, IterationListener } from "./lib/systems/system.ts";
export type { Networks } from "./lib/systems/reinforcement/algorithm.ts";
export { loadSafetensors, saveSafetensors } from "./lib/train/files/weights.ts";
export { type RunOptions, type RunSettings, trainRun } from "./lib/train/loop/train_run.ts";
export { createTrainer, loadTrainer } from "./lib/train/look/target.ts";
export { type Cast, film } from "./lib/systems/reinforcement/footage.ts";
export { interval95, summarise, type Summary } from "./lib/systems/statistics.ts";
export { differences, readStep, type SavedStep, surroundings } from "./lib/train/look/report.ts";
export { readRuns, runCurves, type RunRecord, type RunState } from "./lib/train/look/records.ts";
export { readSweep, type SweepRecord, type SweptRun, type SweptSetting } from "./lib/train/look/sweeps.ts";
export { LiveChart } from "./lib/train/loop/live.ts";
