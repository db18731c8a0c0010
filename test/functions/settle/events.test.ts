import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { failureRecord, generationEvent, purgeEvent } from '../../../functions/generation/events.ts';

const event = { owner: 'u:alice', conversationId: 'c1', messageId: 'm1', attempt: 1 };

describe('what functions are invoked with', () => {
  it('reads the failed event and its request out of a failure record, as Lambda sends it', () => {
    const record = {
      version: '1.0',
      timestamp: '2030-01-01T00:00:00.000Z',
      requestContext: {
        requestId: 'r1',
        functionArn: 'arn:x',
        condition: 'RetriesExhausted',
        approximateInvokeCount: 1,
      },
      requestPayload: event,
      responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
      responsePayload: { errorMessage: 'x' },
    };

    expect(v.parse(failureRecord, record)).toMatchObject({
      requestContext: { requestId: 'r1' },
      requestPayload: event,
    });
  });

  it.each([
    ['no owner', { ...event, owner: '' }],
    ['a bad id', { ...event, messageId: 'a#b' }],
    ['attempt 0', { ...event, attempt: 0 }],
    ['half an attempt', { ...event, attempt: 1.5 }],
    ['a failure record', { requestPayload: event, requestContext: { requestId: 'r', condition: 'x' } }],
  ])('refuses %s as an event', (_name, value) => {
    expect(v.safeParse(generationEvent, value).success).toBe(false);
  });

  it('takes a purge for a conversation only', () => {
    expect(v.safeParse(purgeEvent, { owner: 'u:alice', conversationId: 'c1' }).success).toBe(true);
    expect(v.safeParse(purgeEvent, { owner: 'u:alice' }).success).toBe(false);
  });
});
