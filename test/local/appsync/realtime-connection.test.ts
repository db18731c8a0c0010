import type { IncomingMessage } from 'node:http';
import { expect, it } from 'vitest';
import { createMeter } from '../../../local/appsync/counters.ts';
import { createConnection, MAX_BUFFERED_BYTES } from '../../../local/appsync/realtime-connection.ts';
import { createSubscriptions } from '../../../local/appsync/subscriptions.ts';
import { NO_FAULTS } from '../../../local/faults/index.ts';

it('cuts off a client that leaves more than 8 MB unread', () => {
  const sent: unknown[] = [];
  let cut = 0;
  const socket = {
    bufferedAmount: MAX_BUFFERED_BYTES,
    send: (data: unknown) => sent.push(data),
    close: () => undefined,
    terminate: () => (cut += 1),
  };
  const logged: string[] = [];
  const connection = createConnection(
    socket,
    {} as IncomingMessage,
    {},
    {
      api: () => {
        throw new Error('no request is made here');
      },
      identify: () => Promise.reject(new Error('nobody is identified here')),
      subscriptions: createSubscriptions(NO_FAULTS, () => undefined),
      meter: createMeter(() => 0).connectionOpened(),
      log: (line) => logged.push(line),
    },
  );
  connection.keepAlive();
  expect([sent, cut]).toEqual([['{"type":"ka"}'], 0]);
  socket.bufferedAmount += 1;
  connection.keepAlive();
  connection.keepAlive();
  expect([sent.length, cut, logged]).toEqual([
    1,
    1,
    ['a subscriber does not read: its connection is closed'],
  ]);
});
