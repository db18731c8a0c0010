import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { FaultName } from '../../local/faults/index.ts';
import type { SendMessagePayload } from '../../protocol/generated/schema-types.ts';
import { callerOf } from './api.ts';
import { faultSwitch, persevere } from './fault-switch.ts';
import { DOCUMENTS, graphql } from './graphql.ts';
import { openFeed } from './realtime-client.ts';
import { readToEnd } from './repairing-reader.ts';
import { countedText } from './streamed-answer.ts';
import { useLocalTarget } from './target.ts';

const SEED = Number(process.env.FAULT_SEED ?? Math.floor(Math.random() * 2 ** 31));

const target = useLocalTarget({
  functionEnvironment: { LINGER_MS: '20', MAX_LINGER_MS: '40' },
  retryDelayFactor: 0.01,
});
const caller = () => callerOf(target(), { apiKey: target().apiKey });
const faults = () => faultSwitch(target());

async function expectInjected(names: readonly FaultName[]): Promise<void> {
  const injected = await faults().injected();
  for (const name of names) expect(injected[name], `${name}, FAULT_SEED=${SEED}`).toBeGreaterThan(0);
}

describe(`an answer (FAULT_SEED=${SEED})`, () => {
  it('is exact for stored and live readers although publishes are late, lost or applied without an answer', async () => {
    await faults().set({
      failPublish: 0.5,
      failPublishBy: ['answerLate', 'appliedLate', 'swallowed', 'unavailable', 'throttled'],
      seed: SEED,
    });
    const conversationId = randomUUID();
    const feed = await openFeed(target(), caller().credential, { conversationId });
    const { assistantMessage } = await caller().send('/tokens 100 50', { conversationId });
    const reading = await readToEnd({
      target: target(),
      credential: caller().credential,
      conversationId,
      messageId: assistantMessage.id,
      received: feed.batches.items,
      withinMs: 30_000,
    });

    const { state } = await persevere(caller(), assistantMessage, countedText(100));
    expect(state.attempt).toBe(1);
    expect(reading.message.text).toBe(countedText(100));
    for (const shown of reading.shown) expect(countedText(100).startsWith(shown)).toBe(true);
    const injected = Object.keys(await faults().injected());
    expect(injected.filter((name) => name.startsWith('failPublish.')).length).toBeGreaterThan(0);
  });

  it.each(['cut', 'truncate'] as const)(
    'fails when the model %ss it, and a new one is whole',
    async (kind) => {
      await faults().set({ model: { [kind]: 1 }, seed: SEED });
      const { assistantMessage } = await caller().send('/tokens 80');
      const failed = await caller().ended(assistantMessage, 30_000);
      await faults().reset();

      expect(failed.status, `FAULT_SEED=${SEED}`).toBe('FAILED');
      await expectInjected([`model.${kind}`]);
      const { regenerated } = await persevere(caller(), assistantMessage, countedText(80));
      expect(regenerated).toBe(1);
    },
  );

  it('is whole in the end although the model refuses now and then', async () => {
    await faults().set({ model: { error: 0.7 }, seed: SEED });
    const { assistantMessage } = await caller().send('/tokens 30');
    await persevere(caller(), assistantMessage, countedText(30));
    for (let more = 0; more < 6; more += 1) {
      if ((await faults().injected())['model.error']) break;
      await persevere(caller(), (await caller().send('/tokens 30')).assistantMessage, countedText(30));
    }

    await expectInjected(['model.error']);
  });

  it('waits for a model that stalls, and keeps what came before', async () => {
    await faults().set({ model: { stall: 1 }, seed: SEED });
    const { assistantMessage } = await caller().send('/tokens 200');
    await expect.poll(async () => (await faults().injected())['model.stall'], { timeout: 15_000 }).toBe(1);
    const { conversationId, id: messageId } = assistantMessage;
    await caller().call('cancel', { conversationId, messageId });
    const cancelled = await caller().ended(assistantMessage);

    expect(cancelled.status, `FAULT_SEED=${SEED}`).toBe('CANCELLED');
    expect(countedText(200).startsWith(cancelled.text)).toBe(true);
  });

  it('is exact although the database throttles, fails, and applies what it says it did not', async () => {
    await faults().set({
      database: { throttle: 0.1, fail: 0.1, appliedButFailed: 0.2, late: 0.02 },
      seed: SEED,
    });
    const messages = await Promise.all(
      Array.from({ length: 4 }, async () => (await caller().send('/tokens 100 100')).assistantMessage),
    );
    for (const message of messages) await persevere(caller(), message, countedText(100));

    await expectInjected(['database.throttle', 'database.fail', 'database.appliedButFailed']);
  });

  it('is started once although the resolvers’ own requests fail too', async () => {
    await faults().set({
      database: { throttle: 0.1, fail: 0.05, appliedButFailed: 0.1, appsync: true },
      seed: SEED,
    });
    const input = { conversationId: randomUUID(), clientMessageId: randomUUID(), text: '/tokens 40 100' };
    let sent: SendMessagePayload | undefined;
    for (let tries = 0; tries < 40 && sent === undefined; tries += 1) {
      const answer = await graphql<{ sendMessage: SendMessagePayload } | null>(
        target(),
        caller().credential,
        DOCUMENTS.send,
        { input },
      );
      if (!answer.errors) sent = answer.data?.sendMessage;
    }
    await faults().reset();
    const repeat = await caller().call('send', { input });

    expect(sent?.assistantMessage.id, `FAULT_SEED=${SEED}`).toBe(repeat.assistantMessage.id);
    expect(repeat.deduplicated).toBe(true);
    await persevere(caller(), repeat.assistantMessage, countedText(40));
  });
});
