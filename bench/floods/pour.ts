/** One flood, in a thread of its own: what it costs to send is not felt by whoever measures the innocent. */
import { parentPort, workerData } from 'node:worker_threads';
import { newAgentKey } from '../../src/client/index.ts';
import { floodsOf } from './kinds.ts';
import { pour } from './send.ts';

export interface Order {
  readonly origin: string;
  readonly directoriesPort: number;
  readonly name: string;
  readonly seconds: number;
}

const { origin, directoriesPort, name, seconds } = workerData as Order;
const flood = floodsOf({ origin, directoriesPort, stranger: await newAgentKey() }).find((each) => each.name === name);
if (flood === undefined) throw new Error(`there is no flood ${name}`);
const end = performance.now() + seconds * 1_000;
parentPort?.postMessage(await pour(origin, flood, () => performance.now() > end));
