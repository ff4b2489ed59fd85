import autocannon from 'autocannon';

export interface Measured {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  /** Answers that are not 2xx, and connections that broke. */
  readonly failed: number;
}

export interface PreparedRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A closed loop: each connection sends its next request when the last was answered. */
export async function load(options: {
  readonly url: string;
  readonly connections: number;
  readonly seconds: number;
  readonly next: () => PreparedRequest;
}): Promise<Measured> {
  const result = await autocannon({
    url: options.url,
    connections: options.connections,
    duration: options.seconds,
    requests: [{ method: 'POST', setupRequest: (request) => ({ ...request, ...options.next() }) }],
  });
  return {
    perSecond: result['2xx'] / result.duration,
    p50: result.latency.p50,
    p99: result.latency.p99,
    failed: result.non2xx + result.errors,
  };
}
