import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  assistantMessageItem,
  derivedTitle,
  EMPTY_SHA256,
  isSameRequest,
  regenerateRequestItem,
  sendRequestItem,
  userMessageItem,
  type RegenerateInput,
  type RequestItem,
  type SendInput,
} from '../../protocol/items.ts';

const OWNER = 'u:alice';
const NOW_MS = 1_767_225_600_000;
const CREATED_AT = '2026-01-01T00:00:00.000Z';

const send: SendInput = {
  conversationId: 'c-1',
  clientMessageId: 'k-1',
  text: 'Hi',
  model: 'm',
  pacing: 'LIVE',
};
const regenerate: RegenerateInput = { conversationId: 'c-1', clientMessageId: 'k-2', messageId: '01A-1' };

const first = { ulid: '01B', parentId: '01A-1', createdAt: CREATED_AT };
const second = { ulid: '01C', parentId: '01B-1', createdAt: '2026-01-01T00:00:09.000Z' };

describe('sendRequestItem', () => {
  it('holds the input as given and what the first write decided', () => {
    expect(sendRequestItem(OWNER, send, first)).toStrictEqual({
      pk: 'u:alice#c-1',
      sk: 'R#k-1',
      kind: 'SEND',
      text: 'Hi',
      givenParent: 'omitted',
      givenParentId: null,
      targetId: null,
      model: 'm',
      pacing: 'LIVE',
      ulid: '01B',
      parentId: '01A-1',
      userMessageId: '01B-0',
      createdAt: CREATED_AT,
    });
  });

  it.each([
    [undefined, 'omitted', null],
    [null, 'root', null],
    ['01A-1', 'message', '01A-1'],
  ])('tells an omitted parent from a root and a message: %s', (parentId, givenParent, givenParentId) => {
    expect(sendRequestItem(OWNER, { ...send, parentId }, first)).toMatchObject({
      givenParent,
      givenParentId,
    });
  });

  it('stores no undefined, which DynamoDB refuses', () => {
    const bare = { conversationId: 'c-1', clientMessageId: 'k-1', text: 'Hi' };

    expect(Object.values(sendRequestItem(OWNER, bare, first))).not.toContain(undefined);
    expect(sendRequestItem(OWNER, bare, first)).toStrictEqual(
      sendRequestItem(OWNER, { ...bare, parentId: undefined, model: null, pacing: null }, first),
    );
  });
});

describe('regenerateRequestItem', () => {
  it('makes the answer a sibling under the same user message', () => {
    const item = regenerateRequestItem(OWNER, regenerate, {
      ulid: '01C',
      userMessageId: '01A-0',
      createdAt: CREATED_AT,
    });

    expect(item).toStrictEqual({
      pk: 'u:alice#c-1',
      sk: 'R#k-2',
      kind: 'REGENERATE',
      text: null,
      givenParent: 'omitted',
      givenParentId: null,
      targetId: '01A-1',
      model: null,
      pacing: null,
      ulid: '01C',
      parentId: '01A-0',
      userMessageId: '01A-0',
      createdAt: CREATED_AT,
    });
  });

  it('meets a send of the same clientMessageId at one key', () => {
    const item = regenerateRequestItem(
      OWNER,
      { ...regenerate, clientMessageId: 'k-1' },
      { ulid: '01C', userMessageId: '01A-0', createdAt: CREATED_AT },
    );
    const stored = sendRequestItem(OWNER, send, first);

    expect([item.pk, item.sk]).toEqual([stored.pk, stored.sk]);
    expect(isSameRequest(stored, item)).toBe(false);
  });
});

describe('isSameRequest', () => {
  const stored = sendRequestItem(OWNER, { ...send, parentId: '01A-1' }, first);

  /** Another value for every field; whether a repeat may differ in it. Total: a new field has to be decided here. */
  const OTHER: Record<keyof RequestItem, { value: string | null; mayDiffer: boolean }> = {
    pk: { value: 'u:alice#c-2', mayDiffer: true },
    sk: { value: 'R#k-9', mayDiffer: true },
    kind: { value: 'REGENERATE', mayDiffer: false },
    text: { value: 'Hi ', mayDiffer: false },
    givenParent: { value: 'root', mayDiffer: false },
    givenParentId: { value: null, mayDiffer: false },
    targetId: { value: '01A-1', mayDiffer: false },
    model: { value: null, mayDiffer: false },
    pacing: { value: 'ECONOMY', mayDiffer: false },
    ulid: { value: '01Z', mayDiffer: true },
    parentId: { value: null, mayDiffer: true },
    userMessageId: { value: '01Z-0', mayDiffer: true },
    createdAt: { value: '2027-01-01T00:00:00.000Z', mayDiffer: true },
  };

  it.each(Object.entries(OTHER))('compares %s', (field, { value, mayDiffer }) => {
    const repeated = { ...stored, [field]: value };

    expect(repeated).not.toEqual(stored);
    expect(isSameRequest(stored, repeated)).toBe(mayDiffer);
    expect(isSameRequest(repeated, stored)).toBe(mayDiffer);
  });

  it('takes a repeat with new decisions for the same, whatever the parent resolved to meanwhile', () => {
    expect(
      isSameRequest(sendRequestItem(OWNER, send, first), sendRequestItem(OWNER, { ...send }, second)),
    ).toBe(true);
  });

  it('takes an omitted parent, a root and a message for different input', () => {
    const given = [undefined, null, '01A-1', '01B-1'].map((parentId) =>
      sendRequestItem(OWNER, { ...send, parentId }, first),
    );

    for (const [index, a] of given.entries())
      for (const [other, b] of given.entries()) expect(isSameRequest(a, b)).toBe(index === other);
  });
});

describe('the items of a send', () => {
  const request = sendRequestItem(OWNER, send, first);

  it('are equal on every repeat', () => {
    const again: RequestItem = structuredClone(request);

    expect(userMessageItem(OWNER, { ...send }, again)).toStrictEqual(userMessageItem(OWNER, send, request));
    expect(assistantMessageItem(OWNER, { ...send }, again, NOW_MS)).toStrictEqual(
      assistantMessageItem(OWNER, send, request, NOW_MS),
    );
  });

  it('store a complete user message under its parent', () => {
    expect(userMessageItem(OWNER, send, request)).toStrictEqual({
      pk: 'u:alice#c-1',
      sk: 'M#01B-0',
      owner: OWNER,
      id: '01B-0',
      conversationId: 'c-1',
      parentId: '01A-1',
      role: 'USER',
      text: 'Hi',
      status: 'COMPLETE',
      attempt: 1,
      model: null,
      clientMessageId: 'k-1',
      createdAt: CREATED_AT,
      end: null,
    });
  });

  it('store a PENDING answer that must be claimed within 60 s', () => {
    const item = assistantMessageItem(OWNER, send, request, NOW_MS);

    expect(item).toMatchObject({
      sk: 'M#01B-1',
      id: '01B-1',
      parentId: '01B-0',
      userMessageId: '01B-0',
      role: 'ASSISTANT',
      text: '',
      status: 'PENDING',
      attempt: 1,
      end: null,
      model: 'm',
      pacing: 'LIVE',
      leaseUntil: NOW_MS + 60_000,
      invokedAt: 0,
      resumeOffset: 0,
      resumeReasoningOffset: 0,
      handovers: 0,
    });
    expect(item.sha256).toBe(createHash('sha256').update('').digest('hex'));
    expect(item.sha256).toBe(EMPTY_SHA256);
    expect(item).not.toHaveProperty('claimId');
    expect(item).not.toHaveProperty('ttl');
  });

  it('pace BALANCED unless asked otherwise', () => {
    const bare = sendRequestItem(OWNER, { ...send, pacing: null }, first);

    expect(assistantMessageItem(OWNER, send, bare, NOW_MS).pacing).toBe('BALANCED');
  });
});

describe('derivedTitle', () => {
  it.each([
    ['is the first line that says something', '\n  \r\n  How do I pace? \r\nMore', 'How do I pace?'],
    ['is empty for white space', ' \n\t', ''],
    ['keeps 80 units', 'x'.repeat(80), 'x'.repeat(80)],
    ['cuts 81 units to 79 and an ellipsis', 'x'.repeat(81), `${'x'.repeat(79)}…`],
    ['splits no pair at the cut', `${'x'.repeat(78)}😀😀`, `${'x'.repeat(78)}…`],
    ['keeps a pair before the cut', `${'x'.repeat(77)}😀😀`, `${'x'.repeat(77)}😀…`],
  ])('%s', (_name, text, title) => {
    expect(derivedTitle(text)).toBe(title);
    expect(title.length).toBeLessThanOrEqual(80);
  });
});
