import { describe, expect, it, onTestFinished } from 'vitest';
import { ChatError, createChatClient, isChatError, type Variables } from '../../client/index.ts';
import { batch, FakeService, message, receipt, runningAnswer, sha256, state } from './fake-service.ts';
import { ManualClock, settled } from './manual-clock.ts';

describe('an answer that runs', () => {
  it('is not asked for while batches fit', async () => {
    const { service, clock, hear, answer, conversation } = await runningAnswer();

    await hear(batch({ seq: 1, text: 'Hello ' }), batch({ seq: 2, offset: 6, text: 'world' }));
    await clock.advance(5_000);
    await hear(batch({ seq: 3, offset: 11, end: receipt('Hello world') }));
    await clock.advance(60_000);

    expect(answer()).toMatchObject({ text: 'Hello world', status: 'COMPLETE', end: { length: 11 } });
    expect(service.count('messageState')).toBe(0);
    expect(conversation.getSnapshot().connection).toBe('live');
  });

  it('is asked for when a hole is 300 ms old, from where its text ends, and shows nothing past it until then', async () => {
    const { service, clock, hear, answer } = await runningAnswer();
    service.answers.messageState = () => state({ offset: 2, text: 'cd', throughSeq: 2 });

    await hear(batch({ seq: 1, text: 'ab' }), batch({ seq: 3, offset: 4, text: 'ef' }));
    await clock.advance(299);
    expect([answer()?.text, service.count('messageState')]).toEqual(['ab', 0]);
    await clock.advance(1);

    expect(service.requests[0]?.variables).toMatchObject({ fromOffset: 2, fromReasoningOffset: 0 });
    expect(answer()?.text).toBe('abcdef');
    await clock.advance(11_000);
    expect(service.count('messageState')).toBe(1);
  });

  it('is not asked for when the hole closes within 300 ms', async () => {
    const { service, clock, hear, answer } = await runningAnswer();

    await hear(batch({ seq: 2, offset: 2, text: 'cd' }));
    await clock.advance(200);
    await hear(batch({ seq: 1, text: 'ab' }));
    await clock.advance(5_000);

    expect([answer()?.text, service.count('messageState')]).toEqual(['abcd', 0]);
  });

  it('is asked for at once when END does not fit, page after page', async () => {
    const { service, clock, hear, answer } = await runningAnswer();
    service.answers.messageState = ({ fromOffset }) =>
      fromOffset === 2
        ? state({ offset: 2, text: 'cd', throughSeq: 2, more: true })
        : state({ offset: 4, text: 'ef', throughSeq: 3, end: receipt('abcdef') });

    await hear(batch({ seq: 1, text: 'ab' }), batch({ seq: 4, offset: 6, end: receipt('abcdef') }));
    await clock.advance(0);

    expect(service.count('messageState')).toBe(2);
    expect(answer()).toMatchObject({ text: 'abcdef', status: 'COMPLETE' });
  });

  it('is asked for after 12 s of silence and then every 2 s until something arrives', async () => {
    const { service, clock, hear } = await runningAnswer();
    service.answers.messageState = () => state();

    await clock.advance(11_999);
    expect(service.count('messageState')).toBe(0);
    await clock.advance(1);
    expect(service.count('messageState')).toBe(1);
    await clock.advance(4_000);
    expect(service.count('messageState')).toBe(3);
    await hear(batch({ kind: 'HEARTBEAT' }));
    await clock.advance(11_999);
    expect(service.count('messageState')).toBe(3);
    await clock.advance(1);
    expect(service.count('messageState')).toBe(4);
  });

  it('is asked for again with backoff while asking fails, and shows catching-up meanwhile', async () => {
    const { service, clock, hear, answer, conversation } = await runningAnswer();
    service.answers.messageState = () => new ChatError('NETWORK');

    await hear(batch({ seq: 2, offset: 2, text: 'cd' }));
    await clock.advance(300);
    expect(conversation.getSnapshot().connection).toBe('catching-up');
    await clock.advance(499);
    expect(service.count('messageState')).toBe(1);
    await clock.advance(1);
    expect(service.count('messageState')).toBe(2);
    service.answers.messageState = () => state({ text: 'ab', throughSeq: 1 });
    await clock.advance(1_000);

    expect(answer()?.text).toBe('abcd');
    expect(conversation.getSnapshot()).toMatchObject({ connection: 'live', error: undefined });
  });

  it('shows no end until the SHA-256 agrees, and reads altered text again from the beginning', async () => {
    const { service, clock, hear, answer, states } = await runningAnswer();
    service.answers.messageState = ({ fromOffset }) =>
      fromOffset === 0
        ? state({ text: 'Hello world', throughSeq: 2, end: receipt('Hello world') })
        : state({ offset: Number(fromOffset) });

    await hear(batch({ seq: 1, text: 'Hellu ' }), batch({ seq: 2, offset: 6, text: 'world' }));
    await hear(batch({ seq: 3, offset: 11, end: receipt('Hello world') }));
    await clock.advance(0);

    expect(service.requests.map(({ variables }) => variables.fromOffset)).toEqual([0]);
    expect(answer()).toMatchObject({ text: 'Hello world', status: 'COMPLETE' });
    const shown = states.flatMap(({ messages }) => messages.filter(({ role }) => role === 'ASSISTANT'));
    expect(shown.every(({ end, text }) => end === null || sha256(text) === end.sha256)).toBe(true);
    expect(shown.map(({ text }) => text.length)).toEqual(
      shown.map(({ text }) => text.length).sort((a, b) => a - b),
    );
  });

  it('that was altered to another length is read again too, longer or shorter', async () => {
    for (const altered of ['Hello, dear world', 'Hell']) {
      const { service, clock, hear, answer } = await runningAnswer();
      service.answers.messageState = ({ fromOffset }) =>
        state({
          offset: Number(fromOffset),
          text: 'Hello world'.slice(Number(fromOffset)),
          throughSeq: 1,
          end: receipt('Hello world'),
        });

      await hear(
        batch({ seq: 1, text: altered }),
        batch({ seq: 2, offset: 11, end: receipt('Hello world') }),
      );
      await clock.advance(300);

      expect(answer(), altered).toMatchObject({ text: 'Hello world', status: 'COMPLETE' });
    }
  });

  it('ends 12 s after its last batch at the latest when END is lost', async () => {
    const { service, clock, hear, answer } = await runningAnswer();
    const end = receipt('Hello world');
    service.answers.messageState = () => state({ offset: 11, throughSeq: 1, end });
    await hear(batch({ seq: 1, text: 'Hello world' }));

    await clock.advance(11_999);
    expect(answer()?.status).toBe('STREAMING');
    await clock.advance(1);

    expect(answer()).toMatchObject({ text: 'Hello world', status: 'COMPLETE' });
  });

  it('backs off when what is stored disagrees with its own receipt', async () => {
    const { service, clock, hear } = await runningAnswer();
    service.answers.messageState = () => state({ text: 'wrong', end: receipt('right') });

    await hear(batch({ seq: 1, text: 'wrong' }), batch({ seq: 2, offset: 5, end: receipt('right') }));
    await clock.advance(60_000);

    expect(service.count('messageState')).toBeGreaterThan(5);
    expect(service.count('messageState')).toBeLessThan(15);
  });

  it('takes a newer attempt, cut to where it resumes, and drops the older one', async () => {
    const { hear, answer } = await runningAnswer();

    await hear(batch({ seq: 1, text: 'abcd' }), batch({ attempt: 2, resumeOffset: 4 }));
    await hear(batch({ seq: 2, offset: 4, text: 'XX' }));
    await hear(batch({ attempt: 2, seq: 1, offset: 4, text: 'ef', resumeOffset: 4 }));

    expect(answer()).toMatchObject({ text: 'abcdef', attempt: 2 });
  });

  it('is asked for once more when a reconnect comes while it is being asked for', async () => {
    const { service, clock, hear, answer } = await runningAnswer();
    const pages = [state({ text: 'ab', throughSeq: 1 }), state({ offset: 2, text: 'cd', throughSeq: 2 })];
    const answers: (() => void)[] = [];
    const held = new FakeService();
    held.answers.messageState = () => pages.shift();
    const { query } = service;
    Object.assign(service, {
      query: async (document: string, variables: Variables) => {
        if (document.includes('messageState(')) await new Promise<void>((resolve) => answers.push(resolve));
        return document.includes('messageState(')
          ? held.query(document, variables)
          : query(document, variables);
      },
    });
    // A hole is being asked for when the socket goes; seq 2 is published while nobody is subscribed.
    await hear(batch({ seq: 2, offset: 2, text: 'cd' }));
    await clock.advance(300);
    service.current.observer.onLost(new ChatError('NETWORK'));
    await clock.advance(500);
    service.current.observer.onAck();
    await settled();

    answers.shift()?.();
    await settled();
    expect(answers).toHaveLength(1);
    answers.shift()?.();
    await settled();

    expect(answer()?.text).toBe('abcd');
  });

  it('is verified again when the hash could not be made, and nothing is left unhandled', async () => {
    const service = new FakeService();
    const clock = new ManualClock();
    let failures = 4;
    const chat = createChatClient({
      transport: service,
      clock,
      random: () => 0.5,
      sha256: (text) =>
        failures-- > 0 ? Promise.reject(new TypeError('no such chunk')) : Promise.resolve(sha256(text)),
    });
    onTestFinished(() => chat.close());
    const conversation = chat.conversation('c1');
    conversation.subscribe(() => undefined);
    await settled();
    service.current.observer.onAck();
    await clock.advance(2_000);
    const question = message({ id: 'm1-0', role: 'USER', status: 'COMPLETE', text: 'hi' });
    const end = receipt('whole');
    service.stored.push(question, message({ id: 'm1-1', text: 'whole', status: 'COMPLETE', end }));
    service.answers.messageState = () => state({ text: 'whole', end });

    service.current.observer.onBatch(batch({ seq: 1, text: 'whole' }));
    service.current.observer.onBatch(batch({ seq: 2, offset: 5, end }));
    await settled();
    const { error } = conversation.getSnapshot();
    await clock.advance(20_000);

    expect(error === undefined || isChatError(error)).toBe(true);
    expect(conversation.getSnapshot().messages).toMatchObject([{}, { text: 'whole', status: 'COMPLETE' }]);
    expect(failures).toBeLessThan(0);
  });
});
