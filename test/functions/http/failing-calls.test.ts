import { describe, expect, it, vi } from 'vitest';
import { definiteError, type Fate } from '../memory-table.ts';
import { door } from './door.ts';

// Nobody waits between looks and repeats.
vi.mock('node:timers/promises', () => ({
  setTimeout: () => new Promise((resolve) => setImmediate(resolve)),
}));

type Door = ReturnType<typeof door>;
type Ask = (at: Door) => Response | Promise<Response>;

const turn = { 'x-conversation-id': 'c1', 'idempotency-key': 'm1' };
const native = { text: 'hi', conversationId: 'c1', clientMessageId: 'm1', model: 'first' };
const openAi = { model: 'first', messages: [{ role: 'user', content: 'hi' }] };
const uiQuestion = { id: 'm1', role: 'user', parts: [{ type: 'text', text: 'hi' }] };
const path = (at: Door, end: string) => `/conversations/c1/messages/${at.message()?.id}/${end}`;

/** Every way to start an answer or to repeat its start, with what only a body says that claims to be whole. */
const STARTS: Readonly<Record<string, readonly [Ask, RegExp]>> = {
  'native SSE': [(at) => at.post(native), /"status":"COMPLETE"/],
  'raw text': [(at) => at.post(native, { accept: 'text/plain' }), /^(?!.*\n\[[A-Z_]+\] [^\n]+\n$)/s],
  'native JSON': [(at) => at.post(native, { accept: 'application/json' }), /"status":"COMPLETE"/],
  "OpenAI's chunks": [(at) => at.post({ ...openAi, stream: true }, turn, '/v1/chat/completions'), /\[DONE\]/],
  "OpenAI's JSON": [(at) => at.post(openAi, turn, '/v1/chat/completions'), /"finish_reason"/],
  "the AI SDK's chunks": [
    (at) =>
      at.post(
        { ...openAi, ...{ id: 'c1', messages: [uiQuestion] }, trigger: 'submit-message' },
        {},
        '/api/chat',
      ),
    /"type":"finish"/,
  ],
};
const READS: typeof STARTS = {
  ...STARTS,
  'the events': [(at) => at.get(path(at, 'events')), /"status":"COMPLETE"/],
  'a cancel': [(at) => at.post('', {}, path(at, 'cancel')), /"status":"COMPLETE"/],
  'a ticket': [(at) => at.post('', {}, path(at, 'events/ticket')), /never/],
  'the messages': [(at) => at.get('/conversations/c1/messages'), /"items"/],
  'the conversations': [(at) => at.get('/conversations'), /never/],
  'what runs': [(at) => at.get('/api/chat/c1/stream'), /"type":"finish"/],
};
const CASES = [
  ...Object.entries(STARTS).map(
    ([name, [ask, claim]]) => [`a new answer as ${name}`, ask, claim, false] as const,
  ),
  ...Object.entries(READS).map(
    ([name, [ask, claim]]) => [`an answer that has ended: ${name}`, ask, claim, true] as const,
  ),
];

/** Asks a new door; the calls of its table from one on meet their fate. Tells how many calls there were, too. */
async function asked(ask: Ask, hasEnded: boolean, fateOf: (call: number) => Fate) {
  const at = door(undefined, { patienceMs: 100 });
  if (hasEnded) {
    await (await at.post(native)).text();
    await Promise.all(at.work);
  }
  let calls = 0;
  at.table.fate = () => fateOf((calls += 1));
  const response = await ask(at);
  const body = await response.text();
  await Promise.all(at.work);
  return { calls, status: response.status, body };
}

describe.each<[string, (call: number, from: number) => Fate]>([
  ['fails once', (call, from) => (call === from ? 'failed' : 'fine')],
  ['loses one answer', (call, from) => (call === from ? 'lost' : 'fine')],
  ['refuses from one call on', (call, from) => (call >= from ? definiteError() : 'fine')],
])('a database that %s, at whichever call', (_name, fateOf) => {
  it.each(CASES)(
    'lets nothing hang, leak or look whole that is not: %s',
    async (_what, ask, claim, hasEnded) => {
      const { calls } = await asked(ask, hasEnded, () => 'fine');
      for (let from = 1; from <= calls; from += 1) {
        const { status, body } = await asked(ask, hasEnded, (call) => fateOf(call, from));

        expect([200, 204, 500], `call ${from} of ${calls}: ${body}`).toContain(status);
        expect(body).not.toContain('refused by DynamoDB');
        if (status === 200 && claim.test(body))
          expect(body, `call ${from} of ${calls}`).toMatch(/hello .*world/s);
      }
    },
  );
});
