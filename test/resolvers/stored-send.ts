import type { HandlerOutcome } from '../../local/appsync/js/index.ts';
import { EMPTY_SHA256 } from '../../protocol/items.ts';
import { contextOf, load, NOW_ISO, NOW_MS, OWNER, resultOf, type CONDITION_FAILED } from './deployed.ts';

/** The ULID of the stored send. */
export const ULID = '01KDYJ3E5E0000000000000000';
/** A send as given. */
export const input = { conversationId: 'c1', clientMessageId: 'k1', text: 'hello' };
/** Its request item. */
/** Runs the request handler of a file. */
export const requestItem = (over: object = {}) => ({
  pk: `${OWNER}#c1`,
  sk: 'R#k1',
  kind: 'SEND',
  text: 'hello',
  givenParent: 'omitted',
  givenParentId: null,
  targetId: null,
  model: null,
  pacing: null,
  ulid: ULID,
  parentId: null,
  userMessageId: `${ULID}-0`,
  createdAt: NOW_ISO,
  ...over,
});
/** Its answer as stored. */
export const message = (over: object = {}) => ({
  pk: `${OWNER}#c1`,
  sk: `M#${ULID}-1`,
  id: `${ULID}-1`,
  conversationId: 'c1',
  owner: OWNER,
  role: 'ASSISTANT',
  status: 'PENDING',
  attempt: 1,
  text: '',
  model: null,
  end: null,
  createdAt: NOW_ISO,
  leaseUntil: NOW_MS + 60_000,
  invokedAt: NOW_MS,
  resumeOffset: 0,
  resumeReasoningOffset: 0,
  sha256: EMPTY_SHA256,
  handovers: 0,
  ...over,
});
/** What earlier steps handed on. */
export const baseStash = {
  owner: OWNER,
  conversationId: 'c1',
  messageId: `${ULID}-1`,
  clientMessageId: 'k1',
  nowMs: NOW_MS,
  nowIso: NOW_ISO,
  ulid: ULID,
  input,
  request: requestItem(),
  message: message(),
};

/** A write or read as a step asks for it. */
export interface Write {
  operation: string;
  key: unknown;
  attributeValues?: unknown;
  update: { expression: string; expressionValues: unknown };
  condition: { expression: string; expressionValues?: unknown };
}
export const request = (name: string, stash: object = {}, args: object = {}): HandlerOutcome =>
  load(name).request(contextOf({ stash: { ...baseStash, ...stash }, args: { ...args } }));
/** The write a file asks for. */
export const writeOf = (name: string, stash: object = {}, args: object = {}) =>
  resultOf(request(name, stash, args)) as Write;
/** Runs the response handler of a file over what is stored. */
export const response = (
  name: string,
  result: unknown,
  stash: object = {},
  error?: typeof CONDITION_FAILED,
) =>
  load(name).response(
    contextOf({ stash: { ...baseStash, ...stash }, args: { input }, result, ...(error ? { error } : {}) }),
  );
