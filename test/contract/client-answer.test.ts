import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { recordedConversation } from './client-conversation.ts';
import { countedText, expectReceipt } from './streamed-answer.ts';
import { useLocalTarget } from './target.ts';

const target = useLocalTarget();

/** Counts the requests of this process whose document calls a field, from now on. */
function countRequests(graphqlUrl: string): (call: string) => number {
  const spy = vi.spyOn(globalThis, 'fetch');
  onTestFinished(() => spy.mockRestore());
  return (call) =>
    spy.mock.calls.filter(([url, init]) => {
      const address = url instanceof Request ? url.url : String(url);
      const body = typeof init?.body === 'string' ? init.body : '';
      return address.toLowerCase() === graphqlUrl && body.includes(call);
    }).length;
}

describe('the client library on Amplify', () => {
  it.each(['apiKey', 'token'] as const)(
    'streams an answer exactly with %s, without asking messageState',
    async (type) => {
      const { conversation, states, isPrefixOf } = recordedConversation(target(), { type });
      const requests = countRequests(target().graphqlUrl);

      const { messageId, ended } = await conversation.send({ text: '/tokens 300 100' });
      const message = await ended;

      expect(message).toMatchObject({
        id: messageId,
        role: 'ASSISTANT',
        status: 'COMPLETE',
        text: countedText(300),
      });
      expectReceipt(message.end, countedText(300));
      expect(conversation.getSnapshot().messages.map(({ role, pending }) => [role, pending])).toEqual([
        ['USER', false],
        ['ASSISTANT', false],
      ]);
      expect(isPrefixOf(messageId, countedText(300))).toBe(true);
      const texts = new Set(states.map(({ messages }) => messages.at(-1)?.text));
      expect(texts.size).toBeGreaterThan(5);
      expect(states.at(-1)).toBe(conversation.getSnapshot());
      expect([requests('sendMessage('), requests('messageState(')]).toEqual([1, 0]);
    },
  );
});
