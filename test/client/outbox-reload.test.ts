import { describe, expect, it } from 'vitest';
import { ChatError, keptSends } from '../../client/index.ts';
import { accept, fakeConversation, FakeService } from './fake-service.ts';
import { settled } from './manual-clock.ts';
import { sharedStorage } from './shared-storage.ts';

/** A tab of the browser that a storage belongs to, with `c1` open. */
async function openTab(storage: Storage, service = new FakeService(), user = 'alice') {
  const outbox = keptSends(
    () => Promise.resolve(user),
    () => storage,
  );
  const tab = fakeConversation(service, { outbox });
  await settled();
  return {
    ...tab,
    shown: () => tab.conversation.getSnapshot().messages.map(({ text, pending }) => [text, pending]),
    acknowledge: async () => {
      service.current.observer.onAck();
      await tab.clock.advance(2_000);
    },
  };
}

/** Sends that the service got, by what they were. */
const sends = (service: FakeService) =>
  service.requests.filter(({ field }) => field === 'sendMessage').map(({ variables }) => variables.input);

/** A service that never answers a send, and a tab that was closed with one on its way. */
async function cutOff(storage: Storage, ...texts: readonly string[]) {
  const tab = await openTab(storage);
  await tab.acknowledge();
  for (const text of texts) void tab.conversation.send({ text, parentId: 'm0-1' }).catch(() => undefined);
  await tab.clock.advance(1_000);
  tab.chat.close();
  await settled();
  return tab;
}

describe('an unsent message', () => {
  it('is kept before it leaves, and forgotten once it is accepted', async () => {
    const storage = sharedStorage();
    const tab = await openTab(storage);
    const kept: number[] = [];
    tab.service.answers.sendMessage = (variables) => {
      kept.push(Object.keys(storage).length);
      return accept(variables);
    };
    await tab.acknowledge();

    await tab.conversation.send({ text: 'hi' });
    await settled();

    expect(kept).toEqual([1]);
    expect(Object.keys(storage)).toEqual([]);
  });

  it('is shown at once after a reload, sent with the very same input, and there once', async () => {
    const storage = sharedStorage();
    const before = await cutOff(storage, 'hi');
    const service = new FakeService();
    service.answers.sendMessage = accept;
    const tab = await openTab(storage, service);
    expect(tab.shown()).toEqual([['hi', true]]);
    expect(sends(service)).toEqual([]);

    await tab.acknowledge();

    expect(sends(service)).toEqual([sends(before.service)[0]]);
    expect(tab.shown()).toEqual([
      ['hi', false],
      ['', false],
    ]);
    expect(Object.keys(storage)).toEqual([]);
  });

  it('is retried after the reload until the service answers, and goes on after another one', async () => {
    const storage = sharedStorage();
    await cutOff(storage, 'hi');
    const again = await openTab(storage);
    await again.acknowledge();
    await again.clock.advance(20_000);
    expect(sends(again.service).length).toBeGreaterThan(2);
    expect(again.shown()).toEqual([['hi', true]]);
    again.chat.close();

    const service = new FakeService();
    service.answers.sendMessage = accept;
    await (await openTab(storage, service)).acknowledge();

    expect(
      new Set([...sends(again.service), ...sends(service)].map((input) => JSON.stringify(input))).size,
    ).toBe(1);
    expect(Object.keys(storage)).toEqual([]);
  });

  it('waits for the one before it', async () => {
    const storage = sharedStorage();
    await cutOff(storage, 'one', 'two');
    const tab = await openTab(storage);
    expect(tab.shown()).toEqual([
      ['one', true],
      ['two', true],
    ]);
    await tab.acknowledge();
    expect(sends(tab.service)).toMatchObject([{ text: 'one' }, { text: 'one' }, { text: 'one' }]);

    tab.service.answers.sendMessage = accept;
    await tab.clock.advance(10_000);

    expect(sends(tab.service).at(-1)).toMatchObject({ text: 'two' });
    expect(Object.keys(storage)).toEqual([]);
  });

  it('is shown once in each of two tabs, under one id', async () => {
    const storage = sharedStorage();
    const tabs = [await openTab(storage), await openTab(storage)] as const;
    void tabs[0].conversation.send({ text: 'hi' }).catch(() => undefined);
    await settled();
    for (const tab of tabs) await tab.acknowledge();
    expect(tabs.map((tab) => tab.shown())).toEqual([[['hi', true]], [['hi', true]]]);

    for (const tab of tabs) {
      tab.service.answers.sendMessage = accept;
      await tab.clock.advance(10_000);
      expect(tab.shown()).toEqual([
        ['hi', false],
        ['', false],
      ]);
    }

    const ids = tabs.flatMap(({ service }) => sends(service)).map((input) => JSON.stringify(input));
    expect(new Set(ids).size).toBe(1);
    expect(Object.keys(storage)).toEqual([]);
  });

  it('is not shown to another user', async () => {
    const storage = sharedStorage();
    await cutOff(storage, 'hi');
    const tab = await openTab(storage, new FakeService(), 'bob');
    await tab.acknowledge();

    expect(tab.shown()).toEqual([]);
    expect(sends(tab.service)).toEqual([]);
    await tab.chat.forgetUnsent();
    expect(Object.keys(storage)).toHaveLength(1);
  });

  it('is forgotten when its send rejects', async () => {
    const storage = sharedStorage();
    const tab = await openTab(storage);
    tab.service.answers.sendMessage = () => new ChatError('CONFLICT');
    await tab.acknowledge();

    await expect(tab.conversation.send({ text: 'hi' })).rejects.toMatchObject({ code: 'CONFLICT' });
    await settled();

    expect(Object.keys(storage)).toEqual([]);
    expect(tab.shown()).toEqual([]);
  });

  it('that is refused after a reload shows why until it is discarded, and is not sent again meanwhile', async () => {
    const storage = sharedStorage();
    await cutOff(storage, 'hi');
    const tab = await openTab(storage);
    tab.service.answers.sendMessage = () => new ChatError('MODEL_NOT_ALLOWED');
    await tab.acknowledge();
    const [message] = tab.conversation.getSnapshot().messages;
    expect(message).toMatchObject({ text: 'hi', pending: true, refusal: { code: 'MODEL_NOT_ALLOWED' } });
    await tab.acknowledge();
    expect(sends(tab.service)).toHaveLength(1);
    tab.conversation.discard('another');
    expect(tab.shown()).toHaveLength(1);

    tab.conversation.discard(message?.clientMessageId ?? '');
    await settled();

    expect(tab.shown()).toEqual([]);
    expect(Object.keys(storage)).toEqual([]);
  });

  it('that is on its way is not discarded', async () => {
    const tab = await openTab(sharedStorage());
    await tab.acknowledge();
    void tab.conversation.send({ text: 'hi', clientMessageId: 'k' }).catch(() => undefined);

    tab.conversation.discard('k');

    expect(tab.shown()).toEqual([['hi', true]]);
  });

  it('is sent although nothing can be kept', async () => {
    const denied = keptSends(
      () => Promise.resolve('alice'),
      () => {
        throw new DOMException('denied', 'SecurityError');
      },
    );
    const { service, conversation } = fakeConversation(new FakeService(), { outbox: denied });
    service.answers.sendMessage = accept;
    await settled();
    service.current.observer.onAck();

    expect((await conversation.send({ text: 'hi' })).messageId).toBe('m1-1');
  });

  it('holds no more than what was sent', async () => {
    const storage = sharedStorage();
    const tab = await openTab(storage);
    const extra = { text: 'hi', clientMessageId: 'k', token: 'secret' };
    void tab.conversation.send(extra).catch(() => undefined);
    await settled();

    expect(Object.values(storage).map((value) => JSON.parse(value as string) as unknown)).toEqual([
      { at: expect.any(Number) as number, send: { text: 'hi', clientMessageId: 'k' } },
    ]);
  });
});
