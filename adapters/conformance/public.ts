/** The conformance kit for adapters outside this repository: `parley-gateway/adapter/kit`. */
export type { Outcome } from './outcome.ts';
export { type Report, type Result, runKit, table } from './run.ts';
export { type Seeded, standardExact, standardSamples } from './samples.ts';
export type {
  AdapterOptions,
  Effect,
  ExactCase,
  Fault,
  FaultKind,
  KitSubject,
  None,
  PagedCase,
  Prepared,
  Rig,
  Sample,
  TenantCase,
} from './subject.ts';
export { FAULT_KINDS } from './subject.ts';
