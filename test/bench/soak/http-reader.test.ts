import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { HttpDoor } from '../../../bench/soak/http-door.ts';
import { HttpReader } from '../../../bench/soak/http-reader.ts';
import type { Cut } from '../../../bench/soak/drawn-schedule.ts';
import { receiptOf } from './shown-message.ts';

const WORDS = ['Hello', ' wide', ' world'];
const WHOLE = WORDS.join('');
const WITHIN_MS = 20_000;

/** The events of a whole answer, each with its id. */
const EVENTS = [
  { id: 'm1:1:0.0', kind: 'START', text: '', offset: 0 },
  ...WORDS.map((text, index) => {
    const offset = WORDS.slice(0, index).join('').length;
    return { id: `m1:1:${offset + text.length}.0`, kind: 'DELTA', text, offset };
  }),
  { id: `m1:1:${WHOLE.length}.0:end`, kind: 'END', text: '', offset: WHOLE.length, end: receiptOf(WHOLE) },
];

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A door that gives these answers, one after the other; the last one again and again. */
async function reader(answers: readonly Answer[], cuts: readonly Cut[] = []) {
  const cursors: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    cursors.push(request.headers['last-event-id'] as string | undefined);
    answers[Math.min(cursors.length, answers.length) - 1]?.(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const httpUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const door = new HttpDoor({ httpUrl, headers: () => Promise.resolve({}), pauseMs: 1 });
  let resumed = 0;
  const options = { door, conversationId: 'v1', whole: WHOLE, cuts, resumed: () => (resumed += 1) };
  return { door, reader: new HttpReader(options, 'm1'), cursors, resumed: () => resumed };
}

/** Events after the cursor; all of them, or so many and then the connection breaks. */
const stream =
  (most = Infinity): Answer =>
  (request, response) => {
    const cursor = request.headers['last-event-id'];
    const after = EVENTS.findIndex(({ id }) => id === cursor) + 1;
    response.writeHead(200, { 'content-type': 'text/event-stream', 'x-message-id': 'm1' });
    response.write(': ok\n\n');
    for (const { id, ...fields } of EVENTS.slice(after, after + most)) {
      const batch = {
        messageId: 'm1',
        attempt: 1,
        part: 'TEXT',
        resumeOffset: 0,
        resumeReasoningOffset: 0,
        ...fields,
      };
      response.write(`id: ${id}\nevent: batch\ndata: ${JSON.stringify(batch)}\n\n`);
    }
    if (after + most >= EVENTS.length) response.end();
    else setImmediate(() => response.destroy());
  };
const refuse =
  (status: number, body: string): Answer =>
  (_request, response) =>
    void response.writeHead(status).end(body);
const nothing = refuse(204, '');
const notFound = refuse(404, JSON.stringify({ error: { code: 'NOT_FOUND' } }));

describe('an HTTP reader', () => {
  it('comes back after failures and broken bodies with its last event id, and reads every event once', async () => {
    const { reader: own, cursors } = await reader([
      refuse(502, 'Bad'),
      stream(2),
      refuse(503, 'busy'),
      stream(),
    ]);

    expect(await own.toRest(WITHIN_MS)).toBe('end');

    expect(own.answer.text).toBe(WHOLE);
    expect(own.answer.problems).toEqual([]);
    expect(cursors).toEqual([undefined, undefined, 'm1:1:5.0', 'm1:1:5.0']);
  });

  it('leaves where it is told to and comes back from an event before, after END too', async () => {
    const cuts = [
      { atShare: 0.5, fromShare: 0.5 },
      { atShare: 1, fromShare: 0 },
    ];
    const { reader: own, cursors, resumed } = await reader([stream()], cuts);

    expect(await own.toRest(WITHIN_MS)).toBe('end');

    expect(own.answer.text).toBe(WHOLE);
    expect(own.answer.problems).toEqual([]);
    expect(cursors).toEqual([undefined, 'm1:1:5.0', undefined]);
    expect(resumed()).toBe(2);
  });

  it('rests where the door says that there is nothing more', async () => {
    const { reader: own, cursors } = await reader([stream(), nothing]);

    expect(await own.toRest(WITHIN_MS)).toBe('end');
    expect(await own.toRest(WITHIN_MS)).toBe('end');

    expect(cursors).toEqual([undefined, EVENTS.at(-1)?.id]);
    expect(own.answer.text).toBe(WHOLE);
  });

  it('asks again after END when a worker dies before it says anything', async () => {
    const { reader: own, cursors } = await reader([stream(), stream(0), nothing]);

    expect(await own.toRest(WITHIN_MS)).toBe('end');
    expect(await own.toRest(WITHIN_MS)).toBe('end');

    const end = EVENTS.at(-1)?.id;
    expect(cursors).toEqual([undefined, end, end]);
  });

  it('is gone with its conversation, and refused for good what is refused for good', async () => {
    const deleted = await reader([stream(3), notFound]);
    const refused = await reader([refuse(400, JSON.stringify({ error: { code: 'INVALID_INPUT' } }))]);

    expect(await deleted.reader.toRest(WITHIN_MS)).toBe('gone');
    await expect(refused.reader.toRest(WITHIN_MS)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  });

  it('sends a question until it is accepted, and tells the id before it reads the answer', async () => {
    const { reader: own } = await reader([refuse(500, '{}'), stream(2), stream()]);
    const told: string[] = [];

    const rest = await own.send({ text: 'hi' }, (id) => told.push(`${id} ${own.answer.text}`), WITHIN_MS);

    expect([rest, ...told]).toEqual(['end', 'm1 ']);
    expect(own.answer.text).toBe(WHOLE);
  });
});

describe('the door as a plain client uses it', () => {
  const halfABody: Answer = (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.write('{"id":');
    setImmediate(() => response.destroy());
  };

  it('asks again when a body breaks', async () => {
    const { door, cursors } = await reader([halfABody, refuse(200, '{"id":"m1"}')]);

    expect(await door.json('/cancel', { method: 'POST' }, Date.now() + WITHIN_MS)).toEqual({ id: 'm1' });
    expect(cursors).toHaveLength(2);
  });

  it('is stuck when it is never answered', async () => {
    const { door } = await reader([refuse(503, 'busy')]);

    await expect(door.ask('/chat', { method: 'POST', body: {} }, Date.now())).rejects.toThrow('POST /chat');
  });
});
