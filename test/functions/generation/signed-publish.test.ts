import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { createPublishOnce, withRetries } from '../../../functions/generation/signed-publish.ts';
import { createPrincipals, verifySigV4 } from '../../../local/iam/index.ts';
import { PUBLISH_TOKENS_DOCUMENT } from '../../../protocol/generated/publish-document.ts';
import type { TokenBatch } from '../../../protocol/generated/schema-types.ts';
import { bodyOf, startHttpServer, type HttpServer } from '../http-server.ts';

const principals = createPrincipals(
  [{ name: 'worker', arn: 'arn:aws:iam::111122223333:role/worker', statements: [] }],
  'x',
);
const worker = principals.list()[0];
const ENVIRONMENT = {
  AWS_REGION: 'eu-west-1',
  AWS_ACCESS_KEY_ID: worker?.accessKeyId,
  AWS_SECRET_ACCESS_KEY: worker?.secretAccessKey,
  AWS_SESSION_TOKEN: worker?.sessionToken,
};
const BATCH = {
  conversationId: 'c1',
  messageId: 'm1',
  attempt: 1,
  seq: 3,
  kind: 'DELTA',
  text: 'Grüße 😀',
} as TokenBatch;
const TAKEN = JSON.stringify({ data: { publishTokens: { seq: 3 } } });

let server: HttpServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

interface Received {
  readonly request: IncomingMessage;
  readonly body: string;
}

/** An AppSync that answers call number n (from 1) as told. */
async function appSync(answer: (call: number, response: ServerResponse) => void) {
  const received: Received[] = [];
  const started = await startHttpServer((request, response) => {
    void bodyOf(request).then((body) => {
      received.push({ request, body });
      answer(received.length, response);
    });
  });
  server = started;
  const once = createPublishOnce(`${started.url}/graphql`, ENVIRONMENT);
  const lines: { event: string; details: unknown }[] = [];
  const publish = withRetries(once, (_level, event, details) => lines.push({ event, details }), [1, 2, 3]);
  return { once, publish, received, lines, connections: started.connections };
}

const refused = (errorType: string) => JSON.stringify({ data: null, errors: [{ errorType, message: 'no' }] });

describe('a signed publish', () => {
  it('carries a signature of the role that verifies, the whole document and the batch', async () => {
    const { once, received } = await appSync((_call, response) => response.end(TAKEN));
    await once(BATCH);

    const { request, body } = received[0] as Received;
    const verified = await verifySigV4(
      { method: request.method ?? '', url: request.url ?? '', headers: request.headers, body },
      principals,
      { service: 'appsync', region: 'eu-west-1', now: Date.now },
    );
    expect(verified).toEqual({ ok: true, principal: worker });
    expect(request.url).toBe('/graphql');
    expect(JSON.parse(body)).toEqual({ query: PUBLISH_TOKENS_DOCUMENT, variables: { input: BATCH } });
    expect(request.headers['content-type']).toMatch(/^application\/json/);
  });

  it('keeps one socket for publishes that follow each other', async () => {
    const { once, connections, received } = await appSync((_call, response) => response.end(TAKEN));
    for (let call = 0; call < 5; call += 1) await once(BATCH);

    expect(received).toHaveLength(5);
    expect(connections()).toBe(1);
  });

  it.each([
    ['no answer', () => undefined],
    ['a body that does not end', (response: ServerResponse) => response.writeHead(200).write('{"data":')],
  ])('ends a try after 2 s: %s', async (_name, stall) => {
    const { once } = await appSync((_call, response) => void stall(response));
    const startedAt = performance.now();

    await expect(once(BATCH)).rejects.toThrow();
    const tookMs = performance.now() - startedAt;
    expect(tookMs).toBeGreaterThan(1_900);
    expect(tookMs).toBeLessThan(2_800);
  });

  it.each([
    ['an HTTP error', 503, 'busy'],
    ['a GraphQL error in a 200', 200, refused('INTERNAL')],
    ['something that is no JSON', 502, '<html>'],
  ])('takes %s for a failure', async (_name, status, body) => {
    const { once } = await appSync((_call, response) => response.writeHead(status).end(body));

    await expect(once(BATCH)).rejects.toThrow(String(status));
  });
});

describe('withRetries', () => {
  it('retries three times and then gives the batch up with one log line, without its text', async () => {
    const { publish, received, lines } = await appSync((_call, response) => response.writeHead(500).end());

    expect(await publish(BATCH)).toBe(false);
    expect(received).toHaveLength(4);
    expect(lines).toEqual([
      {
        event: 'publish.givenUp',
        details: expect.objectContaining({ messageId: 'm1', attempt: 1, seq: 3, kind: 'DELTA' }) as unknown,
      },
    ]);
    expect(JSON.stringify(lines)).not.toContain('Grüße');
  });

  it('resolves true as soon as a try is taken', async () => {
    const { publish, received, lines } = await appSync((call, response) =>
      call < 3 ? response.destroy() : response.end(TAKEN),
    );

    expect(await publish(BATCH)).toBe(true);
    expect(received).toHaveLength(3);
    expect(lines).toEqual([]);
  });

  it.each([
    ['403', 403, refused('AccessDeniedException')],
    ['401', 401, refused('UnauthorizedException')],
    ['Unauthorized in a 200', 200, refused('Unauthorized')],
  ])('does not retry a refusal for lack of a grant: %s', async (_name, status, body) => {
    const { publish, received } = await appSync((_call, response) => response.writeHead(status).end(body));

    expect(await publish(BATCH)).toBe(false);
    expect(received).toHaveLength(1);
  });

  it('waits 100, 300 and 900 ms between its tries', async () => {
    const { once, received } = await appSync((_call, response) => response.writeHead(500).end());
    const at: number[] = [];
    const publish = withRetries(
      (batch) => {
        at.push(performance.now());
        return once(batch);
      },
      () => undefined,
    );
    await publish(BATCH);

    expect(received).toHaveLength(4);
    const waits = at.slice(1).map((time, index) => time - (at[index] ?? 0));
    for (const [index, least] of [100, 300, 900].entries()) {
      expect(waits[index]).toBeGreaterThanOrEqual(least - 2);
      expect(waits[index]).toBeLessThan(least + 250);
    }
  });

  it('begins no further try once its signal is aborted', async () => {
    const stop = new AbortController();
    const { publish, received, lines } = await appSync((_call, response) => {
      stop.abort();
      response.writeHead(500).end();
    });

    expect(await publish(BATCH, stop.signal)).toBe(false);
    expect(received).toHaveLength(1);
    expect(lines).toEqual([]);
  });
});
