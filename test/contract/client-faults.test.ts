import { afterEach, describe, expect, it } from 'vitest';
import { recordedConversation } from './client-conversation.ts';
import { countedText, storedMessage } from './streamed-answer.ts';
import { useLocalTarget } from './target.ts';

const TOKENS = 250;
const RATE = 125;
const SEED = Number(process.env.FAULT_SEED ?? Math.floor(Math.random() * 2 ** 31));
const WHOLE = countedText(TOKENS);

// Short windows, so that one answer makes enough batches for every fault to meet some.
const target = useLocalTarget({ functionEnvironment: { LINGER_MS: '40', MAX_LINGER_MS: '60' } });

async function faults(method: 'PUT' | 'DELETE', set?: object): Promise<void> {
  const answer = await fetch(target().graphqlUrl.replace('/graphql', '/local/faults'), {
    method,
    ...(set && { body: JSON.stringify({ ...set, seed: SEED }) }),
  });
  expect(answer.status).toBe(200);
}

afterEach(() => faults('DELETE'));

/** One answer under a set of faults, to its end; checks that it and what is stored are exact. */
async function answerUnder(set: object) {
  await faults('PUT', set);
  const recorded = recordedConversation(target());
  const { messageId, ended } = await recorded.conversation.send({ text: `/tokens ${TOKENS} ${RATE}` });
  const message = await ended;
  const credential = { apiKey: target().apiKey };
  const stored = await storedMessage(target(), credential, recorded.conversation.id, messageId);
  expect(message, `seed ${SEED}`).toMatchObject({ status: 'COMPLETE', text: WHOLE });
  expect(stored.text, `seed ${SEED}`).toBe(WHOLE);
  expect(recorded.conversation.getSnapshot().messages.at(-1)).toBe(message);
  return { ...recorded, texts: recorded.textsOf(messageId) };
}

const isPrefix = (text: string) => WHOLE.startsWith(text);
/** How many characters differ from the answer's at the same place. */
const differences = (text: string) =>
  [...text].filter((character, index) => character !== WHOLE[index]).length;

describe(`a conversation under faults (FAULT_SEED=${SEED})`, () => {
  it.each([
    ['batches are dropped', { drop: 0.3 }],
    ['batches come twice', { duplicate: 0.5 }],
    ['batches change places', { reorder: 0.4 }],
    ['batches are late', { delayMs: [0, 300] }],
    ['the first batches are lost after the acknowledgement', { loseAfterAck: 3 }],
    ['every publish fails', { failPublish: 1 }],
  ])('shows beginnings of the answer alone and ends exact although %s', async (_what, set) => {
    const { texts } = await answerUnder(set);

    expect(texts.length).toBeGreaterThan(1);
    expect(texts.every(isPrefix)).toBe(true);
  });

  it('reconnects by itself over cut sockets and ends exact', async () => {
    const { texts, states } = await answerUnder({ cutSocketsEveryMs: 900 });
    const lost = states.findIndex(({ connection }) => connection === 'reconnecting');

    expect(texts.every(isPrefix)).toBe(true);
    expect(lost).toBeGreaterThanOrEqual(0);
    // The answer may have ended by catch-up, before the new socket is there.
    await expect.poll(() => states.slice(lost).some(({ connection }) => connection === 'live')).toBe(true);
  });

  it('ends exact although characters are altered in delivery', async () => {
    const { texts } = await answerUnder({ corrupt: 0.4 });

    expect(texts.some((text) => !isPrefix(text))).toBe(true);
    expect(texts.at(-1)).toBe(WHOLE);
  });

  it('ends exact under all of them together, never past a hole', async () => {
    const { texts } = await answerUnder({
      drop: 0.15,
      duplicate: 0.2,
      reorder: 0.2,
      delayMs: [0, 120],
      loseAfterAck: 2,
      cutSocketsEveryMs: 1_500,
      failPublish: 0.2,
      corrupt: 0.05,
    });

    // Altered characters keep their places: a hole or a repeat would shift everything behind it.
    expect(Math.max(...texts.map(differences))).toBeLessThan(20);
  });
});
