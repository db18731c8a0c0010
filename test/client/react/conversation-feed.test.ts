import { describe, expect, it } from 'vitest';
import { ChatError } from '../../../client/index.ts';
import { ConversationFeed } from '../../../client/react/conversation-feed.ts';
import { accepted, batch, fakeConversation, FakeService, message } from '../fake-service.ts';
import { settled } from '../manual-clock.ts';

/** A feed of a question and its running answer, with what was told by topic. */
async function runningFeed() {
  const service = new FakeService();
  service.stored.push(message({ id: 'm1-0', role: 'USER', status: 'COMPLETE', text: 'hi' }));
  service.stored.push(message({ id: 'm1-1', parentId: 'm1-0' }));
  const fake = fakeConversation(service);
  const feed = new ConversationFeed(fake.conversation);
  await settled();
  service.current.observer.onAck();
  await fake.clock.advance(2_000);
  await fake.hear(batch());
  const told: string[] = [];
  const stops = [
    feed.listen('state', () => told.push('state')),
    feed.listen('ids', () => told.push('ids')),
    feed.listen({ messageId: 'm1-0' }, () => told.push('m1-0')),
    feed.listen({ messageId: 'm1-1' }, () => told.push('m1-1')),
  ];
  return { ...fake, feed, told, stops };
}

describe('ConversationFeed', () => {
  it('tells a batch to the listeners of its message and of the state alone', async () => {
    const { feed, told, hear } = await runningFeed();
    const { ids } = feed;

    await hear(batch({ seq: 1, text: 'Hello' }));

    expect(told).toEqual(['state', 'm1-1']);
    expect(feed.message('m1-1')?.text).toBe('Hello');
    expect(feed.ids).toBe(ids);
  });

  it('tells of ids when messages come and go', async () => {
    const { feed, told, service, conversation } = await runningFeed();
    service.answers.sendMessage = () => ({
      ...accepted('more', 'k2'),
      userMessage: message({ id: 'm2-0', role: 'USER', text: 'more', clientMessageId: 'k2' }),
      assistantMessage: message({ id: 'm2-1', parentId: 'm2-0' }),
    });
    feed.listen({ messageId: 'k2' }, () => told.push(`k2 ${feed.message('k2') ? 'came' : 'went'}`));

    await conversation.send({ text: 'more', clientMessageId: 'k2' });

    expect(told).toEqual(['state', 'ids', 'k2 came', 'state', 'ids', 'k2 went']);
    expect(feed.ids).toEqual(['m1-0', 'm1-1', 'm2-0', 'm2-1']);
    expect(feed.ids.map((id) => feed.message(id)?.id)).toEqual(feed.ids);
  });

  it('tells nobody of a message when only the connection changed', async () => {
    const { told, service } = await runningFeed();

    service.subscriptions.at(-1)?.observer.onLost(new ChatError('NETWORK'));

    expect(told).toEqual(['state']);
  });

  it('tells nothing to a listener that left', async () => {
    const { told, stops, hear } = await runningFeed();
    for (const stop of [...stops, ...stops]) stop();

    await hear(batch({ seq: 1, text: 'Hello' }));

    expect(told).toEqual([]);
  });

  it('is busy while a message is pending', async () => {
    const { feed, conversation, clock } = await runningFeed();
    expect(feed.isBusy).toBe(false);

    const sent = conversation.send({ text: 'more' }).catch(() => undefined);
    await clock.advance(0);
    expect(feed.isBusy).toBe(true);
    feed.close();
    await sent;

    expect([feed.isBusy, feed.isClosed]).toEqual([false, true]);
  });
});
