import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { OFFLINE_MODEL } from '../../local/model-choice.ts';
import type { LocalStackOptions } from '../../local/stack.ts';
import { synthesize } from '../../local/synthesize.ts';
import { startTarget, useLocalTarget, type LocalTarget } from './target.ts';

/** A way to the HTTP door. */
export interface HttpFront {
  readonly name: string;
  readonly target: () => LocalTarget;
  /** Without a trailing slash. */
  readonly url: () => string;
  /** What this front wants beside the door's own headers, for a request with such a body. */
  readonly headersFor: (body: string) => Record<string, string>;
}

/** The hash that CloudFront signs. */
export const contentSha256 = (body: string): Record<string, string> => ({
  'x-amz-content-sha256': createHash('sha256').update(body).digest('hex'),
});

/** What is asked of a front; the body is text, so that it can be hashed. */
export type Asked = RequestInit & { readonly body?: string };

/** Asks with what the front wants and, unless told otherwise, Alice's token in the one header that all fronts pass on. */
export async function ask(front: HttpFront, path: string, init: Asked = {}): Promise<Response> {
  const headers = {
    'x-chat-token': await front.target().token('alice'),
    ...front.headersFor(init.body ?? ''),
    ...(init.headers as Record<string, string> | undefined),
  };
  return fetch(`${front.url()}${path}`, { ...init, headers });
}

/** A stack for the tests of one file that has both fronts: API Gateway, and CloudFront before its Function URL. */
export function useFrontsTarget(options: Partial<LocalStackOptions> = {}): () => LocalTarget {
  const folder = mkdtempSync(join(tmpdir(), 'appsync-chat-fronts-'));
  let fronts: LocalTarget | undefined;
  beforeAll(async () => {
    await synthesize(folder, { playground: true, models: OFFLINE_MODEL, restApi: true, cloudFront: true });
    fronts = await startTarget({ cdkOut: folder, ...options });
  });
  afterAll(async () => {
    await fronts?.stack.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return () => {
    if (!fronts) throw new Error('The local stack has not started');
    return fronts;
  };
}

/** Every way to the door: the plain Function URL of a default stack, and both fronts of another. */
export function useHttpFronts(options: Partial<LocalStackOptions> = {}): readonly HttpFront[] {
  const plain = useLocalTarget(options);
  const both = useFrontsTarget(options);
  return [
    { name: 'the Function URL', target: plain, url: () => plain().httpUrl, headersFor: () => ({}) },
    { name: 'a REST API', target: both, url: () => both().stack.restApiUrl ?? '', headersFor: () => ({}) },
    { name: 'CloudFront', target: both, url: () => both().httpUrl, headersFor: contentSha256 },
  ];
}
