import { describe, expect, it } from 'vitest';
import { createAmplifyTransport, REQUEST_TIMEOUT_MS } from '../../client/amplify-transport.ts';
import { ManualClock } from './manual-clock.ts';

describe('a request over Amplify', () => {
  it('counts as unanswered when the application gives no token in time', async () => {
    const clock = new ManualClock();
    const transport = createAmplifyTransport({
      endpoint: 'http://127.0.0.1:1/graphql',
      auth: { type: 'token', getToken: () => new Promise(() => undefined) },
      clock,
    });
    const failure = transport
      .query('query { conversations { nextToken } }', {})
      .catch((error: unknown) => error);

    await clock.advance(REQUEST_TIMEOUT_MS);

    await expect(Promise.race([failure, Promise.resolve('nothing')])).resolves.toMatchObject({
      code: 'NETWORK',
    });
  });
});
