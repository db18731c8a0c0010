import { describe, expect, it } from 'vitest';
import { ChatError, keptSends } from '../../client/index.ts';
import {
  accept,
  accepted,
  batch,
  fakeConversation,
  FakeService,
  message,
  receipt,
  runningAnswer,
  state,
} from './fake-service.ts';
import { settled } from './manual-clock.ts';
import { sharedStorage } from './shared-storage.ts';

/** Connected, with nothing stored; sends are accepted in the order they come, as `m<n>-0` and `m<n>-1`. */
async function accepting() {
  const fake = fakeConversation();
  await settled();
  fake.service.current.observer.onAck();
  await fake.clock.advance(2_000);
  let count = 0;
  fake.service.answers.sendMessage = (variables) => {
    const payload = accept(variables);
    count += 1;
    return {
      ...payload,
      userMessage: { ...payload.userMessage, id: `m${count}-0` },
      assistantMessage: { ...payload.assistantMessage, id: `m${count}-1`, parentId: `m${count}-0` },
    };
  };
  return fake;
}

describe('two sends at once', () => {
  it('each show one row for the question at any time, in the order they were sent', async () => {
    const { conversation, states } = await accepting();

    await Promise.all([conversation.send({ text: 'one' }), conversation.send({ text: 'two' })]);

    const questions = states.map(({ messages }) =>
      messages.filter(({ role }) => role === 'USER').map(({ text }) => text),
    );
    for (const texts of questions) expect(['', 'one', 'one two']).toContain(texts.join(' '));
    expect(conversation.getSnapshot().messages.map(({ id }) => id)).toEqual(['m1-0', 'm1-1', 'm2-0', 'm2-1']);
  });

  it('keep the row of one in its place by its clientMessageId when the service accepts it', async () => {
    const { conversation, states } = await accepting();

    await conversation.send({ text: 'one', clientMessageId: 'k1' });

    const shown = states.filter(({ messages }) => messages.length > 0);
    expect(shown.map(({ messages }) => messages[0]?.clientMessageId)).toEqual(shown.map(() => 'k1'));
    expect(shown[0]?.messages).toMatchObject([{ pending: true }]);
    expect(shown.at(-1)?.messages).toMatchObject([{ pending: false }, { role: 'ASSISTANT' }]);
  });
});

describe('continue', () => {
  it('asked for twice ends both with the new attempt, and never with the end of the one before', async () => {
    const { service, conversation, hear, answer } = await runningAnswer();
    const lost = { ...receipt('ab'), reason: 'LOST' as const, continuable: true };
    await hear(batch({ seq: 1, text: 'ab' }), batch({ seq: 2, offset: 2, end: lost, status: 'INTERRUPTED' }));
    expect(answer()?.status).toBe('INTERRUPTED');
    service.answers.continueMessage = () =>
      message({ id: 'm1-1', parentId: 'm1-0', text: 'ab', attempt: 2, status: 'PENDING' });

    const both = await Promise.all([conversation.continue('m1-1'), conversation.continue('m1-1')]);
    expect(answer()).toMatchObject({ text: 'ab', status: 'PENDING', end: null });
    const second = { attempt: 2, resumeOffset: 2 };
    await hear(
      batch({ ...second, offset: 2 }),
      batch({ ...second, seq: 1, offset: 2, text: 'cd' }),
      batch({ ...second, seq: 2, offset: 4, end: receipt('abcd') }),
    );

    for (const { ended } of both) expect(await ended).toMatchObject({ text: 'abcd', status: 'COMPLETE' });
  });
});

describe('regenerate while the answer streams', () => {
  it('shows a sibling beside it, and both go on', async () => {
    const { service, conversation, hear } = await runningAnswer();
    await hear(batch({ seq: 1, text: 'ab' }));
    service.answers.regenerateMessage = () => {
      const payload = accepted('hi', 'k');
      return { ...payload, assistantMessage: { ...payload.assistantMessage, id: 'm2-1' } };
    };

    await conversation.regenerate('m1-1');
    await hear(batch({ messageId: 'm2-1', seq: 1, text: 'other' }), batch({ seq: 2, offset: 2, text: 'cd' }));

    expect(conversation.getSnapshot().messages).toMatchObject([
      { id: 'm1-0' },
      { id: 'm1-1', text: 'abcd', parentId: 'm1-0' },
      { id: 'm2-1', text: 'other', parentId: 'm1-0' },
    ]);
  });
});

describe('an answer that is longer than what a listing holds', () => {
  it('is read on from there, page after page, and shows no end before it agrees', async () => {
    const service = new FakeService();
    const text = 'x'.repeat(32_000) + 'é'.repeat(40_000);
    const end = receipt(text);
    service.stored.push(message({ id: 'm1-1', text: text.slice(0, 32_000), status: 'COMPLETE', end }));
    service.answers.messageState = ({ fromOffset }) => {
      const offset = Number(fromOffset);
      const page = state({ offset, text: text.slice(offset, offset + 20_000), status: 'COMPLETE' });
      return offset < 50_000 ? { ...page, more: true } : { ...page, end };
    };
    const fake = fakeConversation(service);
    await settled();
    await fake.clock.advance(1_000);

    expect(fake.answer()?.text).toBe(text);
    expect(fake.answer()).toMatchObject({ status: 'COMPLETE', end });
    const ended = fake.states.flatMap(({ messages }) => messages.filter((shown) => shown.end !== null));
    expect(ended.every((shown) => shown.text === text)).toBe(true);
  });
});

describe('a conversation that is deleted while everything waits', () => {
  it('rejects all of it with NOT_FOUND and leaves no timer and nothing unhandled', async () => {
    const { service, clock, chat, conversation } = await accepting();
    const { ended } = await conversation.send({ text: 'one' });
    service.answers.sendMessage = () => new ChatError('NETWORK');
    const sending = conversation.send({ text: 'two' });
    await clock.advance(100);
    service.answers.deleteConversation = () => 'c1';

    await chat.deleteConversation('c1');

    await expect(sending).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(ended).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(clock.pending).toBe(0);
  });

  it('shows no message as being sent any more, and says of those that were kept why not', async () => {
    const storage = sharedStorage();
    const outbox = keptSends(
      () => Promise.resolve('alice'),
      () => storage,
    );
    for (const text of ['kept', 'behind']) await outbox.keep('c1', { text, clientMessageId: text });
    const { service, clock, chat, conversation, states } = fakeConversation(new FakeService(), { outbox });
    await settled();
    service.current.observer.onAck();
    await clock.advance(100);
    const sending = conversation.send({ text: 'awaited' });
    await clock.advance(100);
    expect(states.at(-1)?.messages).toMatchObject([
      { text: 'kept' },
      { text: 'behind' },
      { text: 'awaited' },
    ]);
    service.answers.deleteConversation = () => 'c1';

    await chat.deleteConversation('c1');
    await expect(sending).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await settled();

    expect(states.at(-1)?.messages).toMatchObject([
      { text: 'kept', refusal: { code: 'NOT_FOUND' } },
      { text: 'behind', refusal: { code: 'NOT_FOUND' } },
    ]);
  });
});
