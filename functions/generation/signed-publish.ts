import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import { Hash } from '@smithy/hash-node';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { HttpRequest } from '@smithy/protocol-http';
import { SignatureV4 } from '@smithy/signature-v4';
import { PUBLISH_TOKENS_DOCUMENT } from '../../protocol/generated/publish-document.ts';
import type { TokenBatch } from '../../protocol/generated/schema-types.ts';
import { PUBLISH_RETRY_DELAYS_MS, PUBLISH_TIMEOUT_MS } from '../../protocol/limits.ts';
import { describe, type LogLine } from '../service/log-line.ts';
import type { Publish } from './batch-publisher.ts';

/** What AppSync answers to a mutation it refused or failed. */
interface GraphqlAnswer {
  readonly errors?: readonly { readonly errorType?: string | null; readonly message?: string }[];
}

/** AppSync answered, and not with success. */
class PublishRefused extends Error {
  override readonly name = 'PublishRefused';
  /** A missing grant stays missing: no retry. */
  readonly isFinal: boolean;

  constructor(status: number, answer: GraphqlAnswer) {
    const first = answer.errors?.[0];
    super(`${status} ${first?.errorType ?? 'no type'}: ${first?.message ?? 'no message'}`);
    this.isFinal =
      status === 401 || status === 403 || /Unauthorized|AccessDenied/.test(first?.errorType ?? '');
  }
}

/** One signed publish; throws unless AppSync took it. */
export type PublishOnce = (batch: TokenBatch) => Promise<void>;

/**
 * Signs with the function's role (SigV4, service `appsync`) and posts over kept-alive connections. One try ends after 2 s.
 */
export function createPublishOnce(graphqlUrl: string, environment: NodeJS.ProcessEnv): PublishOnce {
  const url = new URL(graphqlUrl);
  const signer = new SignatureV4({
    service: 'appsync',
    region: environment.AWS_REGION ?? 'us-east-1',
    sha256: Hash.bind(null, 'sha256'),
    credentials: () =>
      Promise.resolve({
        accessKeyId: environment.AWS_ACCESS_KEY_ID ?? '',
        secretAccessKey: environment.AWS_SECRET_ACCESS_KEY ?? '',
        ...(environment.AWS_SESSION_TOKEN ? { sessionToken: environment.AWS_SESSION_TOKEN } : {}),
      }),
  });
  const agent = { keepAlive: true, maxSockets: 50 };
  const http = new NodeHttpHandler({
    connectionTimeout: PUBLISH_TIMEOUT_MS,
    requestTimeout: PUBLISH_TIMEOUT_MS,
    httpAgent: new HttpAgent(agent),
    httpsAgent: new HttpsAgent(agent),
  });
  return async (batch) => {
    const request = new HttpRequest({
      protocol: url.protocol,
      hostname: url.hostname,
      ...(url.port ? { port: Number(url.port) } : {}),
      path: url.pathname,
      method: 'POST',
      headers: { host: url.host, 'content-type': 'application/json; charset=UTF-8' },
      body: JSON.stringify({ query: PUBLISH_TOKENS_DOCUMENT, variables: { input: batch } }),
    });
    const abortSignal = AbortSignal.timeout(PUBLISH_TIMEOUT_MS);
    const { response } = await http.handle((await signer.sign(request)) as HttpRequest, { abortSignal });
    const chunks: Buffer[] = [];
    for await (const chunk of response.body as AsyncIterable<Buffer>) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString('utf8');
    const answer = (text.startsWith('{') ? JSON.parse(text) : {}) as GraphqlAnswer;
    if (response.statusCode !== 200 || answer.errors?.length)
      throw new PublishRefused(response.statusCode, answer);
  };
}

/**
 * Publishes with three retries (100, 300, 900 ms), then gives the batch up with one log line and resolves false. A
 * refusal for lack of a grant is given up at once. Once its signal is aborted it begins no further try.
 */
export function withRetries(
  publishOnce: PublishOnce,
  log: LogLine,
  delays: readonly number[] = PUBLISH_RETRY_DELAYS_MS,
): Publish {
  return async (batch, signal) => {
    for (let tries = 0; ; tries += 1) {
      try {
        await publishOnce(batch);
        return true;
      } catch (error) {
        const wait = error instanceof PublishRefused && error.isFinal ? undefined : delays[tries];
        if (wait === undefined) {
          const { messageId, attempt, seq, kind } = batch;
          log('error', 'publish.givenUp', { messageId, attempt, seq, kind, ...describe(error) });
          return false;
        }
        await delay(wait, undefined, { signal }).catch(() => undefined);
        if (signal?.aborted) return false;
      }
    }
  };
}
