import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createInvocationFates, NO_FAULTS, type CallMoment } from '../../local/faults/index.ts';
import type { InvocationReport } from '../../local/lambda/index.ts';
import type { AssistantMessageItem, GenerationEvent } from '../../protocol/items.ts';
import { callerOf, modelRequests, PLAYGROUND } from './api.ts';
import { faultSwitch, persevere } from './fault-switch.ts';
import { keyOf, storedItems, withProbe } from './stored-items.ts';
import { countedText } from './streamed-answer.ts';
import { useLocalTarget } from './target.ts';

const reports: InvocationReport[] = [];
const target = useLocalTarget({
  ...withProbe,
  functionEnvironment: { LINGER_MS: '20', MAX_LINGER_MS: '40' },
  retryDelayFactor: 0.01,
  report: (report) => reports.push(report),
});
const caller = () => callerOf(target(), { apiKey: target().apiKey });
const faults = () => faultSwitch(target());

/** A seed under which the invocations to come, those of `generate` and then two of `settle`, meet crashes that fit. */
function seedFor(fits: (generate: CallMoment, settle: CallMoment, retried: CallMoment) => boolean): number {
  for (let seed = 1; seed < 100_000; seed += 1) {
    const fates = createInvocationFates({ ...NO_FAULTS, crashWorker: 1, crashSettle: 1, seed });
    const [generate, settle, retried] = [true, false, false].map((runs) => fates.worker(runs)?.crash);
    if (generate && settle && retried && fits(generate, settle, retried)) return seed;
  }
  throw new Error('no seed fits');
}

describe('an answer whose worker crashes', () => {
  it.each([
    ['before', 8],
    ['after', 11],
  ] as const)(
    '%s its network call %d is interrupted, and continued to the exact text',
    async (side, call) => {
      const before = (await faults().injected()).crashWorker ?? 0;
      const seed = seedFor((crash) => crash.call === call && crash.side === side);
      await faults().set({ crashWorker: 1, seed });

      const { assistantMessage } = await caller().send('/tokens 100 50');
      const interrupted = await caller().ended(assistantMessage);
      await faults().reset();

      expect(interrupted, `seed ${seed}`).toMatchObject({ status: 'INTERRUPTED', end: { reason: 'LOST' } });
      expect((await faults().injected()).crashWorker).toBe(before + 1);
      const { state, continued } = await persevere(caller(), assistantMessage, countedText(100));
      expect(continued).toBe(1);
      expect(state.attempt).toBe(2);
    },
  );

  it('is settled although the worker of settle crashes too', async () => {
    const before = await faults().injected();
    const seed = seedFor(
      (generate, settle, retried) => generate.call === 10 && settle.call <= 3 && retried.call > 50,
    );
    await faults().set({ crashWorker: 1, crashSettle: 1, seed });

    const { assistantMessage } = await caller().send('/tokens 100 50');
    const interrupted = await caller().ended(assistantMessage, 30_000);
    await faults().reset();

    expect(interrupted, `seed ${seed}`).toMatchObject({ status: 'INTERRUPTED', end: { reason: 'LOST' } });
    const after = await faults().injected();
    expect(after.crashWorker).toBe((before.crashWorker ?? 0) + 1);
    expect(after.crashSettle).toBe((before.crashSettle ?? 0) + 1);
    await persevere(caller(), assistantMessage, countedText(100));
  });
});

describe('an answer whose worker stands still', () => {
  it('is interrupted by its readers after the lease, continued, and left alone by the worker that wakes', async () => {
    const { assistantMessage } = await caller().send('/tokens 200 60');
    await caller().until(assistantMessage, ({ text }) => text.length > 20);
    const pauses = (await faults().injected()).pauseWorker ?? 0;

    expect(await faults().pause(assistantMessage.id, 120_000)).toBe(1);
    await expect.poll(async () => (await faults().injected()).pauseWorker).toBe(pauses + 1);
    // Nobody renews the lease any more. kill-worker.test.ts waits for the end of one; this one is long past at once.
    await storedItems(target()).change<AssistantMessageItem>(keyOf(PLAYGROUND, assistantMessage), {
      leaseUntil: Date.now() - 3_500,
    });
    const generate = target().stack.model.lambdas.find(({ asyncConfig }) => asyncConfig.onFailureArn);
    const zombie = ({ functionName, event }: InvocationReport) => {
      const { messageId, attempt } = event as Partial<GenerationEvent>;
      return functionName === generate?.name && messageId === assistantMessage.id && attempt === 1;
    };
    const lost = await caller().ended(assistantMessage, 40_000);
    expect(lost).toMatchObject({ status: 'INTERRUPTED', end: { reason: 'LOST' } });
    expect(reports.some(zombie)).toBe(false);
    const { state } = await persevere(caller(), assistantMessage, countedText(200));
    expect(state.attempt).toBe(2);

    await faults().reset();
    await expect.poll(() => reports.some(zombie), { timeout: 20_000 }).toBe(true);

    const after = await caller().ended(assistantMessage);
    expect(after).toEqual(state);
  }, 90_000);
});

describe('an invocation', () => {
  it('that is lost is made up for by a repeat of the send', async () => {
    const before = (await faults().injected()).loseInvocation ?? 0;
    const input = { conversationId: randomUUID(), clientMessageId: randomUUID(), text: '/tokens 20' };
    await faults().set({ loseInvocation: 1 });
    const first = await caller().call('send', { input });
    await faults().reset();
    expect((await faults().injected()).loseInvocation).toBe(before + 1);

    let repeats = 0;
    await expect
      .poll(
        async () => {
          repeats += 1;
          const repeat = await caller().call('send', { input });
          expect(repeat.assistantMessage.id).toBe(first.assistantMessage.id);
          return repeat.assistantMessage.status;
        },
        { timeout: 15_000, interval: 200 },
      )
      .toBe('COMPLETE');

    expect(repeats).toBeGreaterThan(1);
    await persevere(caller(), first.assistantMessage, countedText(20));
    expect(await modelRequests(target(), input.text)).toHaveLength(1);
  });

  it('that is late and comes twice asks the model once', async () => {
    const before = await faults().injected();
    const prompt = '/tokens 21';
    await faults().set({ duplicateInvocation: 1, lateInvocation: { p: 1, ms: [200, 900] } });
    const { assistantMessage } = await caller().send(prompt);
    const { state } = await persevere(caller(), assistantMessage, countedText(21));
    const ofMessage = () =>
      reports.filter(({ event }) => (event as { messageId?: string }).messageId === assistantMessage.id);
    await expect.poll(() => ofMessage().length, { timeout: 15_000 }).toBe(2);

    expect(state.attempt).toBe(1);
    expect(await modelRequests(target(), prompt)).toHaveLength(1);
    const after = await faults().injected();
    expect((after.duplicateInvocation ?? 0) - (before.duplicateInvocation ?? 0)).toBeGreaterThanOrEqual(1);
    expect((after.lateInvocation ?? 0) - (before.lateInvocation ?? 0)).toBeGreaterThanOrEqual(2);
  });
});
