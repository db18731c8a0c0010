import { describe, expect, it } from 'vitest';
import { conversationOfInvocation, workOfInvocation } from '../../../local/metrics/invocations.ts';

const url = (rawPath: string, headers: Record<string, string> = {}) => ({ version: '2.0', rawPath, headers });

describe('conversationOfInvocation', () => {
  it.each([
    ['an event of ours', { owner: 'u:1', conversationId: 'c', messageId: 'm' }, {}, 'c'],
    ['a failure record', { version: '1.0', requestPayload: { conversationId: 'c' } }, {}, 'c'],
    ['a started answer', url('/chat'), { 'X-Conversation-Id': 'c' }, 'c'],
    ['a path', url('/conversations/c/messages/m/events'), {}, 'c'],
    ['a request header', url('/v1/chat/completions', { 'x-conversation-id': 'c' }), {}, 'c'],
    [
      'an answer before its request',
      url('/v1/chat/completions', { 'x-conversation-id': 'asked' }),
      { 'x-conversation-id': 'answered' },
      'answered',
    ],
    ['the listing', url('/conversations'), {}, undefined],
    ['health', url('/health'), {}, undefined],
    ['no object', null, {}, undefined],
    ['another event', { Records: [] }, {}, undefined],
  ])('of %s', (_name, event, responseHeaders, conversationId) => {
    expect(conversationOfInvocation({ event, responseHeaders })).toBe(conversationId);
  });
});

describe('workOfInvocation', () => {
  const invocation = { hasStarted: true, durationMs: 1_500.2, memoryMb: 512, streamedBytes: 100 };

  it('rounds milliseconds up and multiplies by memory', () => {
    expect(workOfInvocation(invocation)).toEqual({
      lambdaInvocations: 1,
      lambdaMs: 1_501,
      lambdaGbSeconds: 0.7505,
      streamedBytes: 100,
      billedStreamBytes: 0,
    });
  });

  it('bills the bytes of one answer beyond 6 MB', () => {
    const streamedBytes = 6 * 1024 * 1024 + 11;

    expect(workOfInvocation({ ...invocation, streamedBytes })).toMatchObject({
      streamedBytes,
      billedStreamBytes: 11,
    });
  });

  it('counts nothing that never started', () => {
    expect(workOfInvocation({ ...invocation, hasStarted: false, durationMs: 0 })).toEqual({});
  });
});
