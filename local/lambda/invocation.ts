import type { WorkerFate } from '../faults/index.ts';
import { HTTP_INTEGRATION } from './response-stream.ts';

/** Status, headers and cookies that a streaming handler gave to `HttpResponseStream.from`. */
export interface HttpMetadata {
  statusCode: number;
  headers: Record<string, string>;
  cookies: string[];
}

/** What precedes a streamed body. Without `metadata` the content type is all that is known. */
export interface ResponseHead {
  contentType: string;
  metadata: HttpMetadata | undefined;
  /** The JSON text of the metadata, as the handler gave it. */
  prelude?: string;
}

/** Receives a streamed answer: `head` once, then any number of `write`, then `end`. `end` is missing when the function fails. */
export interface ResponseSink {
  head(head: ResponseHead): void;
  /** `taken` must be called exactly once when the chunk left; the function is slowed down until then. */
  write(chunk: string | Uint8Array, taken: () => void): void;
  end(): void;
}

/** One run of a function. Retries of an asynchronous event share the request id. */
export interface Invocation {
  readonly functionName: string;
  readonly requestId: string;
  /** JSON text. */
  readonly payload: string;
  /** The payload parsed; parsed once, at first use. */
  readonly event: unknown;
  /** What will happen to its worker. */
  readonly fate: WorkerFate | undefined;
  /** Head of the streamed answer, once the handler has written. */
  metadata: HttpMetadata | undefined;
  /** When an environment that was ready took it; undefined while it waits. */
  startedAt: number | undefined;
}

/** An invocation whose event is parsed only when somebody asks for it. */
export function createInvocation(
  functionName: string,
  requestId: string,
  payload: string,
  fate?: WorkerFate,
): Invocation {
  let parsed: { event: unknown } | undefined;
  return {
    functionName,
    requestId,
    payload,
    fate,
    metadata: undefined,
    startedAt: undefined,
    get event(): unknown {
      parsed ??= { event: JSON.parse(payload) as unknown };
      return parsed.event;
    },
  };
}

/** Reads a prelude; undefined when there is none or when it is not the JSON object that the integration needs. */
export function readHead(contentType: string, prelude: string | undefined): ResponseHead {
  if (contentType !== HTTP_INTEGRATION || prelude === undefined) return { contentType, metadata: undefined };
  const given = JSON.parse(prelude) as Partial<HttpMetadata> | null;
  const headers = Object.entries(given?.headers ?? {}).map(([name, value]) => [name, String(value)] as const);
  return {
    contentType,
    prelude,
    metadata: {
      statusCode: given?.statusCode ?? 200,
      headers: Object.fromEntries(headers),
      cookies: given?.cookies ?? [],
    },
  };
}
