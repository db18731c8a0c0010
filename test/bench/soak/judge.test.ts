import { describe, expect, it } from 'vitest';
import { judge, judgeDeleted, type Evidence } from '../../../bench/soak/judge.ts';
import { ShownAnswers } from '../../../bench/soak/shown-answers.ts';
import type { Message } from '../../../protocol/generated/schema-types.ts';
import { receiptOf, shownMessage } from './shown-message.ts';

const PROMPT = { text: '/echo Hello world', answer: 'Hello world' };

function stored(values: Partial<Message> = {}): Message {
  const text = values.text ?? PROMPT.answer;
  return {
    ...{
      id: 'm1',
      conversationId: 'v1',
      parentId: null,
      role: 'ASSISTANT',
      text,
      reasoning: null,
      status: 'COMPLETE',
    },
    ...{
      attempt: 1,
      model: null,
      clientMessageId: 'c1',
      createdAt: '2026-01-01T00:00:00Z',
      end: receiptOf(text),
    },
    ...values,
  };
}

const QUESTION = stored({ id: 'u1', role: 'USER', text: PROMPT.text, end: null });

/** A send whose answer was shown and stored whole, but for what is changed. */
function evidence(changed: Partial<Evidence> = {}): Evidence {
  return {
    requests: [{ kind: 'send', clientMessageId: 'c1', prompt: PROMPT, messageIds: new Set(['m1']) }],
    stored: [QUESTION, stored()],
    shown: [],
    readings: [],
    endings: [],
    modelRequests: () => ({ all: 1, answered: 1 }),
    ...changed,
  };
}

function clientThatShowed(text: string): ShownAnswers {
  const client = new ShownAnswers();
  client.look(shownMessage({ text }));
  return client;
}

describe('judge', () => {
  it('finds nothing wrong with a whole answer, nor with the beginning of one that was not to be whole', () => {
    expect(judge(evidence({ shown: [clientThatShowed('Hello')] }))).toEqual([]);
    for (const status of ['CANCELLED', 'FAILED', 'INTERRUPTED'] as const)
      expect(judge(evidence({ stored: [QUESTION, stored({ status, text: 'Hello' })] }))).toEqual([]);
  });

  it('allows a retry and an attempt after an interruption', () => {
    const isFine = evidence({ stored: [QUESTION, stored({ attempt: 2 })] });
    expect(judge({ ...isFine, modelRequests: () => ({ all: 4, answered: 2 }) })).toEqual([]);
    expect(judge({ ...isFine, modelRequests: () => undefined })).toEqual([]);
  });

  it.each<[string, Partial<Evidence>, string]>([
    ['COMPLETE that is not whole', { stored: [QUESTION, stored({ text: 'Hello' })] }, 'another text'],
    ['other text', { stored: [QUESTION, stored({ status: 'CANCELLED', text: 'Held' })] }, 'no beginning'],
    [
      'an answer that never ends',
      { stored: [QUESTION, stored({ status: 'STREAMING', end: null })] },
      'for ever',
    ],
    ['a receipt of other text', { stored: [QUESTION, stored({ end: receiptOf('Hello') })] }, 'receipt'],
    ['two answers to one send', { stored: [QUESTION, stored(), stored({ id: 'm2' })] }, 'I5'],
    ['a lost send', { stored: [] }, 'I5'],
    [
      'repeats that were answered two ids',
      {
        requests: [
          { kind: 'send', clientMessageId: 'c1', prompt: PROMPT, messageIds: new Set(['m1', 'm2']) },
        ],
      },
      'I5',
    ],
    ['a second answer of the model', { modelRequests: () => ({ all: 2, answered: 2 }) }, 'I5'],
    ['more tries than an attempt has', { modelRequests: () => ({ all: 3, answered: 1 }) }, 'I5'],
    ['text that was never the model’s', { shown: [clientThatShowed('Help')] }, 'I1'],
    [
      'text that is not stored',
      {
        shown: [clientThatShowed('Hello w')],
        stored: [QUESTION, stored({ status: 'INTERRUPTED', text: 'Hello' })],
      },
      'I7',
    ],
    [
      'other text over HTTP',
      { readings: [{ messageId: 'm1', answer: { text: 'Hello', problems: [] } }] },
      'another text over HTTP',
    ],
    [
      'what an HTTP reader met',
      { readings: [{ messageId: 'm1', answer: { text: PROMPT.answer, problems: ['a hole'] } }] },
      'a hole',
    ],
    [
      'an end that nothing explains',
      {
        endings: [
          { messageId: 'm1', status: 'INTERRUPTED', code: 'LOST', isCancelled: false, faults: [{ drop: 1 }] },
        ],
      },
      'INTERRUPTED LOST though nothing',
    ],
  ])('blames %s', (_what, changed, why) => {
    expect(judge(evidence(changed)).join('\n')).toContain(why);
  });
});

describe('judgeDeleted', () => {
  it('asks for nothing that is stored', () => {
    expect(judgeDeleted({ ...evidence(), shown: [clientThatShowed('Hello')] })).toEqual([]);
  });

  it('blames what was shown before', () => {
    expect(judgeDeleted({ ...evidence(), shown: [clientThatShowed('Help')] }).join('\n')).toContain('I1');
  });
});
