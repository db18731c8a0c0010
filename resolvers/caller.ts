import { util, type Context } from '@aws-appsync/utils';
import { ERRORS, type ErrorCode } from '../protocol/error-codes.ts';
import { PLAYGROUND_OWNER, userOwner } from '../protocol/ids.ts';
import type {
  AssistantMessageItem,
  ConversationItem,
  MessageItem,
  RequestItem,
  SendInput,
} from '../protocol/items.ts';
import type { StatePage } from '../protocol/state-page.ts';

/** What the steps of a pipeline hand on. */
export interface Stash {
  owner: string;
  conversationId: string;
  messageId: string;
  nowMs: number;
  nowIso: string;
  ulid: string;
  /** A send creates the conversation when it is absent; everything else answers NOT_FOUND. */
  mayCreate: boolean;
  title: string | undefined;
  clientMessageId: string;
  input: SendInput;
  conversation: ConversationItem | null;
  request: RequestItem;
  deduplicated: boolean;
  userMessage: MessageItem;
  /** The message a step works on, as stored. */
  message: AssistantMessageItem;
  target: MessageItem;
  isRepeat: boolean;
  shouldGenerate: boolean;
  shouldSettle: boolean;
  page: StatePage;
}

/** The stash with its type: AppSync types it as anything. */
export function stashOf(ctx: Context): Stash {
  return ctx.stash as Stash;
}

/** Ends the request with an error of the closed list: its fixed text, its code as errorType, the rest in errorInfo. */
export function fail(code: ErrorCode): never {
  return raise(code, null);
}

/** Ends the request with INTERNAL; the cause goes to one log line under the requestId and never to the caller (I9). */
export function failInternal(step: string, error: { type?: string; message?: string } | undefined): never {
  const requestId = util.autoId();
  console.error(`${requestId} ${step}: ${error?.type ?? 'unknown'}: ${error?.message ?? 'unknown'}`);
  return raise('INTERNAL', requestId);
}

function raise(code: ErrorCode, requestId: string | null): never {
  const definition = ERRORS[code];
  return util.error(definition.message, code, null, {
    retryable: definition.retryable,
    retryAfterMs: null,
    stage: definition.stage,
    requestId,
  });
}

/** The owner all keys begin with (I8): a Cognito user, or the playground; any other caller is refused. */
export function ownerOf(ctx: Context): string {
  const mode = util.authType();
  if (mode === 'User Pool Authorization') {
    const identity = ctx.identity as { sub?: string } | null;
    if (identity?.sub) return userOwner(identity.sub);
  }
  if (mode === 'API Key Authorization') return PLAYGROUND_OWNER;
  return util.unauthorized();
}

/** Begins a pipeline: owner and time of the request in the stash. */
export function begin(ctx: Context): Stash {
  const stash = stashOf(ctx);
  stash.owner = ownerOf(ctx);
  stash.nowMs = util.time.nowEpochMilliSeconds();
  stash.nowIso = util.time.epochMilliSecondsToISO8601(stash.nowMs);
  return stash;
}
