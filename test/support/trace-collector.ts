/** What receives traces over OTLP/HTTP, as JSON. */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface CollectedSpan {
  /** Of its service. */
  readonly service: string;
  readonly pid: number;
  readonly traceId: string;
  readonly spanId: string;
  /** '' for a root. */
  readonly parent: string;
  readonly name: string;
  readonly kind: 'INTERNAL' | 'SERVER' | 'CLIENT' | 'CONSUMER';
  /** Milliseconds since the epoch. */
  readonly from: number;
  readonly to: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly failed: boolean;
}

export interface TraceCollector {
  readonly url: string;
  /** All that has arrived. */
  readonly spans: readonly CollectedSpan[];
  /** How many requests have come, whatever they held. */
  requests(): number;
  close(): Promise<void>;
}

type Attributes = readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[];
interface Exported {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: Attributes };
    readonly scopeSpans: readonly {
      readonly spans: readonly {
        readonly traceId: string;
        readonly spanId: string;
        readonly parentSpanId?: string;
        readonly name: string;
        readonly kind: number;
        readonly startTimeUnixNano: string;
        readonly endTimeUnixNano: string;
        readonly attributes: Attributes;
        readonly status: { readonly code?: number };
      }[];
    }[];
  }[];
}

const KINDS: Readonly<Record<number, CollectedSpan['kind']>> = {
  1: 'INTERNAL',
  2: 'SERVER',
  3: 'CLIENT',
  5: 'CONSUMER',
};
const ERROR = 2;

/** Starts a collector on a free port of this machine. */
export async function collectTraces(): Promise<TraceCollector> {
  const spans: CollectedSpan[] = [];
  let requests = 0;
  const take = async (request: IncomingMessage): Promise<number> => {
    requests++;
    const body = await text(request);
    if (request.method !== 'POST' || request.url !== '/v1/traces') return 404;
    spans.push(...spansOf(JSON.parse(body) as Exported));
    return 200;
  };
  const server = createServer((request, response) => {
    take(request).then(
      (status) => response.writeHead(status, { 'content-type': 'application/json' }).end('{}'),
      () => response.writeHead(400).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    requests: () => requests,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function spansOf({ resourceSpans }: Exported): CollectedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const about = valuesOf(resource.attributes);
    return scopeSpans.flatMap((scope) =>
      scope.spans.map((span) => ({
        service: String(about['service.name']),
        pid: Number(about['process.pid']),
        traceId: span.traceId,
        spanId: span.spanId,
        parent: span.parentSpanId ?? '',
        name: span.name,
        kind: KINDS[span.kind]!,
        from: Number(BigInt(span.startTimeUnixNano) / 1_000n) / 1_000,
        to: Number(BigInt(span.endTimeUnixNano) / 1_000n) / 1_000,
        attributes: valuesOf(span.attributes),
        failed: span.status.code === ERROR,
      })),
    );
  });
}

const valuesOf = (attributes: Attributes): Record<string, unknown> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
