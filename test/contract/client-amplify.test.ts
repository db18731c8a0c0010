import { randomUUID } from 'node:crypto';
import { Amplify } from 'aws-amplify';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { createChatClient } from '../../client/index.ts';
import { countedText } from './streamed-answer.ts';
import { useLocalTarget } from './target.ts';

const target = useLocalTarget();
/** Amplify's own session: a user who signed in elsewhere. */
let signedIn: { token: string; asked: number };

/** Amplify as an application configures it, signed in. */
function configure(graphql: { endpoint: string; defaultAuthMode: 'userPool' | 'apiKey'; apiKey?: string }) {
  Amplify.configure(
    { API: { GraphQL: { region: 'us-east-1', ...graphql } } },
    {
      Auth: {
        tokenProvider: {
          getTokens: () => {
            signedIn.asked += 1;
            return Promise.resolve({ accessToken: { payload: {}, toString: () => signedIn.token } });
          },
        },
      },
    },
  );
}

beforeEach(async () => {
  signedIn = { token: await target().token('alice'), asked: 0 };
  configure({ endpoint: target().graphqlUrl, defaultAuthMode: 'userPool' });
});

describe("a client on Amplify's own session", () => {
  it.each([
    ['the endpoint that Amplify was configured with', () => undefined],
    ['an endpoint of its own', () => target().graphqlUrl],
    ['the Amplify outputs', () => ({ version: '1', data: { url: target().graphqlUrl } })],
  ])('streams an answer from %s', async (_what, endpoint) => {
    const configured = Amplify.getConfig();
    const before = signedIn.asked;
    const chat = createChatClient({ endpoint: endpoint(), auth: { type: 'amplify' } });
    onTestFinished(() => chat.close());

    const conversation = chat.conversation(randomUUID());
    const message = await (await conversation.send({ text: '/tokens 60 100' })).ended;

    expect(message).toMatchObject({ status: 'COMPLETE', text: countedText(60) });
    expect(conversation.getSnapshot().connection).not.toBe('connecting');
    expect(signedIn.asked).toBeGreaterThan(before);
    expect(Amplify.getConfig()).toBe(configured);
  });

  it("is the user's at an endpoint that is not the application's own, whose key stays there", async () => {
    configure({ endpoint: 'https://own.example.org/graphql', defaultAuthMode: 'apiKey', apiKey: 'da2-own' });
    const chat = createChatClient({ endpoint: target().graphqlUrl, auth: { type: 'amplify' } });
    onTestFinished(() => chat.close());

    const conversation = chat.conversation(randomUUID());
    const message = await (await conversation.send({ text: '/tokens 20 100' })).ended;

    expect(message).toMatchObject({ status: 'COMPLETE', text: countedText(20) });
    expect(conversation.getSnapshot().error).toBeUndefined();
    expect(signedIn.asked).toBeGreaterThan(0);
  });
});
