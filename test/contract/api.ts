import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { JournalledRequest } from '../../local/model/request-journal.ts';
import type { GenerationEnd, MessageStatus, PacingProfile } from '../../protocol/generated/schema-types.ts';
import {
  DOCUMENTS,
  graphql,
  type Credential,
  type WireError,
  type WireMessage,
  type WireSend,
} from './graphql.ts';
import type { LocalTarget } from './target.ts';

/** A conversation as the documents select it. */
export interface WireConversation {
  id: string;
  title: string | null;
  createdAt: string;
  updatedAt: string;
  lastMessageId: string | null;
}

/** A page as the documents select it. */
export interface WirePage<Item> {
  items: Item[];
  nextToken: string | null;
}

/** What messageState answers. */
export interface WireState {
  messageId: string;
  status: MessageStatus;
  attempt: number;
  resumeOffset: number;
  resumeReasoningOffset: number;
  offset: number;
  text: string;
  reasoningOffset: number;
  reasoning: string;
  throughSeq: number;
  more: boolean;
  end: GenerationEnd | null;
}

/** What each document takes and answers. */
interface Operations {
  send: [{ input: SendFields }, WireSend];
  regenerate: [{ input: RegenerateFields }, WireSend];
  cancel: [{ conversationId: string; messageId: string }, WireMessage];
  continue: [{ conversationId: string; messageId: string }, WireMessage];
  rename: [{ id: string; title: string }, WireConversation];
  delete: [{ id: string }, string];
  messages: [{ conversationId: string; limit?: number; nextToken?: string | null }, WirePage<WireMessage>];
  conversation: [{ id: string }, WireConversation];
  conversations: [{ limit?: number; nextToken?: string | null }, WirePage<WireConversation>];
  state: [
    { conversationId: string; messageId: string; fromOffset?: number; fromReasoningOffset?: number },
    WireState,
  ];
}

interface SendFields {
  conversationId: string;
  clientMessageId: string;
  text: string;
  parentId?: string | null;
  model?: string | null;
  pacing?: PacingProfile | null;
}

interface RegenerateFields {
  conversationId: string;
  clientMessageId: string;
  messageId: string;
  model?: string | null;
  pacing?: PacingProfile | null;
}

/** What names a message. */
export type MessageName = Pick<WireMessage, 'conversationId' | 'id'>;

/** One caller of one stack. */
export interface Caller {
  readonly credential: Credential;
  /** The field's value; fails the test on an error. */
  call<Name extends keyof Operations>(
    name: Name,
    variables: Operations[Name][0],
  ): Promise<Operations[Name][1]>;
  /** The one error of a call that must fail with no data. */
  refusal<Name extends keyof Operations>(name: Name, variables: Operations[Name][0]): Promise<WireError>;
  /** Sends into a conversation, a new one unless named. */
  send(text: string, fields?: Partial<SendFields>): Promise<WireSend>;
  /** The stored state of a message once it satisfies a condition, polled. */
  until(message: MessageName, holds: (state: WireState) => boolean, withinMs?: number): Promise<WireState>;
  /** The stored state of a message once it is terminal. */
  ended(message: MessageName, withinMs?: number): Promise<WireState>;
}

const isTerminal = (state: WireState) => state.status !== 'PENDING' && state.status !== 'STREAMING';

/** The log lines of INTERNAL errors: what the wire does not tell. */
function causes({ lines }: LocalTarget, errors: readonly WireError[] | undefined): string {
  const ids = (errors ?? []).map(({ errorInfo }) => String(errorInfo?.requestId));
  return lines.flatMap(({ message }) => (ids.some((id) => message.includes(id)) ? [message] : [])).join('\n');
}

/** A caller with an API key or a token. */
export function callerOf(target: LocalTarget, credential: Credential): Caller {
  const caller: Caller = {
    credential,
    async call(name, variables) {
      const answer = await graphql(target, credential, DOCUMENTS[name], variables);
      expect(answer.errors, causes(target, answer.errors)).toBeUndefined();
      return Object.values(answer.data)[0] as never;
    },
    async refusal(name, variables) {
      const answer = await graphql(target, credential, DOCUMENTS[name], variables);
      expect(Object.values(answer.data ?? {}).filter((value) => value !== null)).toEqual([]);
      expect(answer.errors).toHaveLength(1);
      return answer.errors?.[0] as WireError;
    },
    send: (text, fields = {}) =>
      caller.call('send', {
        input: { conversationId: randomUUID(), clientMessageId: randomUUID(), text, ...fields },
      }),
    async until(message, holds, withinMs = 30_000) {
      const { conversationId, id: messageId } = message;
      let state: WireState | undefined;
      await expect
        .poll(
          async () => {
            state = await caller.call('state', { conversationId, messageId });
            return holds(state);
          },
          { timeout: withinMs, interval: 25 },
        )
        .toBe(true);
      return state as WireState;
    },
    ended: (message, withinMs) => caller.until(message, isTerminal, withinMs),
  };
  return caller;
}

/** The user of the playground, with the owner its items have. */
export const PLAYGROUND = 'k:playground';

/** The owner a token's items have. */
export function ownerOfToken(token: string): string {
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as {
    sub: string;
  };
  return `u:${claims.sub}`;
}

/** What the offline model was asked with this user text last, oldest first. */
export async function modelRequests(target: LocalTarget, prompt: string): Promise<JournalledRequest[]> {
  const answer = await fetch(`${target.stack.offlineModelUrl}/local-journal`);
  const journal = (await answer.json()) as { requests: JournalledRequest[] };
  return journal.requests.filter((request) => request.prompt === prompt);
}

/** The codes of the closed list a refusal carries; fails unless it is complete. */
export function codeOf(error: WireError): string | null | undefined {
  expect(error.errorInfo).toEqual({
    retryable: expect.any(Boolean) as unknown,
    retryAfterMs: null,
    stage: 'request',
    requestId: null,
  });
  return error.errorType;
}
