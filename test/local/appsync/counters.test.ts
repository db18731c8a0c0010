import { describe, expect, it } from 'vitest';
import { conversationOf, createMeter, type Charge } from '../../../local/appsync/counters.ts';

describe('conversationOf', () => {
  it.each([
    ['sendMessage', { input: { conversationId: 'c' } }, 'c'],
    ['messages', { conversationId: 'c', limit: 1 }, 'c'],
    ['conversation', { id: 'c' }, 'c'],
    ['renameConversation', { id: 'c', title: 't' }, 'c'],
    ['note', { id: 'n' }, undefined],
    ['conversations', { limit: 5 }, undefined],
    ['publishTokens', { input: null }, undefined],
    ['sendMessage', { input: { conversationId: 7 } }, undefined],
  ])('of %s with %j is %s', (fieldName, args, conversationId) => {
    expect(conversationOf(fieldName, args)).toBe(conversationId);
  });
});

describe('createMeter', () => {
  it('charges each piece of work to its conversation, and to its own sums', () => {
    let now = 0;
    const charged: Parameters<Charge>[] = [];
    const meter = createMeter(
      () => now,
      (...charge) => charged.push(charge),
    );

    meter.mutation('a');
    meter.query(undefined);
    meter.publish('a', { deliveries: 3, outboundUnits: 6, oversized: 0 });
    meter.publish('a', { deliveries: 0, outboundUnits: 0, oversized: 1 });
    const connection = meter.connectionOpened();
    connection.subscribed('a');
    now = 500;
    const open = meter.read(1);
    connection.closed();

    expect(charged).toEqual([
      ['a', { mutations: 1 }],
      [undefined, { queries: 1 }],
      ['a', { deliveries: 3, deliveryUnits: 6 }],
      [undefined, { realtimeOperations: 1 }],
      ['a', { realtimeOperations: 1 }],
      ['a', { connectionMs: 500 }],
    ]);
    expect(open).toEqual({
      ...{ mutations: 1, queries: 1, publishes: 2, deliveries: 3, deliveryUnits: 6, oversized: 1 },
      ...{ realtimeOperations: 2, connections: 1, subscriptionStarts: 1, connectionMs: 500 },
      ...{ openConnections: 1, openSubscriptions: 1 },
    });
    expect(meter.read(0).openConnections).toBe(0);
  });
});
