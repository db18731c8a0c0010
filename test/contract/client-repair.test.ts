import { afterEach, describe, expect, it } from 'vitest';
import { NO_FAULTS } from '../../local/faults/index.ts';
import { chatClient, messageWith, recordedConversation } from './client-conversation.ts';
import { countedText, expectReceipt } from './streamed-answer.ts';
import { useLocalTarget } from './target.ts';

const target = useLocalTarget();
const hasText = ({ text }: { text: string }) => text.length > 20;

afterEach(() => target().stack.appSync.setFaults(NO_FAULTS));

describe('several clients of one conversation', () => {
  it('show the same: one from the start, one that joins mid-answer, one that comes afterwards', async () => {
    const first = recordedConversation(target());
    const { messageId, ended } = await first.conversation.send({ text: '/tokens 300 60' });
    await messageWith(first.conversation, messageId, hasText, 'text');

    const second = recordedConversation(target(), undefined, first.conversation.id);
    const joined = await messageWith(second.conversation, messageId, hasText, 'text of the one that joined');
    expect(joined.end).toBeNull();
    const whole = await ended;
    await messageWith(second.conversation, messageId, ({ end }) => end !== null, 'end');
    const third = recordedConversation(target(), undefined, first.conversation.id);
    await messageWith(third.conversation, messageId, ({ end }) => end !== null, 'end for the late one');

    expect(whole).toMatchObject({ status: 'COMPLETE', text: countedText(300) });
    expectReceipt(whole.end, countedText(300));
    const shown = [first, second, third].map(({ conversation }) =>
      conversation.getSnapshot().messages.map(({ id, text, status, end }) => [id, text, status, end?.sha256]),
    );
    expect(shown[1]).toEqual(shown[0]);
    expect(shown[2]).toEqual(shown[0]);
    for (const { isPrefixOf } of [first, second, third])
      expect(isPrefixOf(messageId, countedText(300))).toBe(true);
  });
});

describe('an answer of which deliveries are lost', () => {
  it('ends without END, by the watchdog', async () => {
    // Longer than the 2 s after which the conversation is listed once more.
    const { conversation } = recordedConversation(target());
    const { messageId, ended } = await conversation.send({ text: '/tokens 250 60' });
    await messageWith(conversation, messageId, hasText, 'text');
    target().stack.appSync.setFaults({ ...NO_FAULTS, drop: 1 });

    const message = await ended;

    expect(message).toMatchObject({ status: 'COMPLETE', text: countedText(250) });
    expect(conversation.getSnapshot().messages.at(-1)).toBe(message);
  });
});

describe('a client that never hears anything', () => {
  it('shows the whole answer of another one when it opens the conversation', async () => {
    target().stack.appSync.setFaults({ ...NO_FAULTS, drop: 1 });
    const { conversation } = recordedConversation(target());
    const { messageId } = await conversation.send({ text: '/echo unheard' });
    const other = chatClient(target()).conversation(conversation.id);

    const message = await messageWith(other, messageId, ({ end }) => end !== null, 'end');

    expect(message).toMatchObject({ status: 'COMPLETE', text: 'unheard' });
  });
});
