import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MessageOrder } from '../../client/message-order.ts';
import { pendingMessage } from '../../client/outbox.ts';

const messageOf = (clientMessageId: string, text = '') =>
  pendingMessage({ clientMessageId, text, parentId: null });

describe('MessageOrder', () => {
  it('holds the newest of each id in the order of the ids, whatever the order they come in', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.stringMatching(/^[a-f]{1,2}$/), fc.string())), (entries) => {
        const order = new MessageOrder();
        const newest = new Map<string, string>();
        for (const [id, text] of entries) {
          order.set(messageOf(id, text));
          newest.set(id, text);
        }
        const expected = [...newest].sort(([a], [b]) => (a < b ? -1 : 1));
        expect(order.messages.map(({ id, text }) => [id, text])).toEqual(expected);
      }),
    );
  });

  it('answers another list for every change and leaves the older ones alone', () => {
    const order = new MessageOrder();
    const [first, second] = [messageOf('a'), messageOf('b')];
    order.set(second);
    const before = order.messages;
    order.set(first);

    expect(before).toEqual([second]);
    expect(order.messages).toEqual([first, second]);
  });

  it('answers the same list when nothing changed', () => {
    const order = new MessageOrder();
    const message = messageOf('a');
    order.set(message);
    const before = order.messages;
    order.set(message);

    expect(order.messages).toBe(before);
  });
});
