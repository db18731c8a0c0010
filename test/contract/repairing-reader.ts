import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import {
  applyBatch,
  applyState,
  emptyMessage,
  needsCatchUp,
  restart,
  type AssembledMessage,
} from '../../protocol/assembler.ts';
import type { MessageState, TokenBatch } from '../../protocol/generated/schema-types.ts';
import { DOCUMENTS, graphql, type Credential } from './graphql.ts';
import type { Target } from './target.ts';

/** Shorter than a client's 12 s, so that a test of a lost END ends. */
const SILENCE_MS = 1_000;
const LOOK_EVERY_MS = 50;

/** What a reader needs to repair itself. */
export interface ReaderOptions {
  readonly target: Pick<Target, 'graphqlUrl'>;
  readonly credential: Credential;
  readonly conversationId: string;
  readonly messageId: string;
  /** Batches as they arrived so far; looked at again and again. */
  readonly received: readonly TokenBatch[];
  readonly withinMs: number;
  /** Silence after which the reader asks. @defaultValue 1 s */
  readonly silenceMs?: number;
}

/** What came of reading: the settled message, every text shown on the way, and how often messageState was asked. */
export interface Reading {
  readonly message: AssembledMessage;
  readonly shown: readonly string[];
  readonly catchUps: number;
}

/** A reader as PROTOCOL.md asks for: the assembler, `messageState` for what is missing, SHA-256 at the end (I1, I2, I6). */
export async function readToEnd(options: ReaderOptions): Promise<Reading> {
  let message = emptyMessage(options.messageId);
  const shown: string[] = [];
  let applied = 0;
  let catchUps = 0;
  let lastAt = Date.now();
  const silenceMs = options.silenceMs ?? SILENCE_MS;
  const deadline = Date.now() + options.withinMs;

  async function catchUp(): Promise<void> {
    for (;;) {
      catchUps += 1;
      const answer = await graphql<{ messageState: MessageState } | null>(
        options.target,
        options.credential,
        DOCUMENTS.state,
        {
          conversationId: options.conversationId,
          messageId: options.messageId,
          fromOffset: message.text.length,
          fromReasoningOffset: message.reasoning.length,
        },
      );
      if (!answer.data || answer.errors) return;
      message = applyState(message, answer.data.messageState, Date.now());
      shown.push(message.text);
      if (!answer.data.messageState.more) return;
    }
  }

  while (Date.now() < deadline) {
    for (const batch of options.received.slice(applied)) {
      applied += 1;
      lastAt = Date.now();
      message = applyBatch(message, batch, Date.now());
      shown.push(message.text);
    }
    if (
      message.end &&
      createHash('sha256').update(message.text, 'utf8').digest('hex') === message.end.sha256
    ) {
      return { message, shown, catchUps };
    }
    if (message.end) message = restart(message, Date.now() - SILENCE_MS);
    if (needsCatchUp(message, Date.now()) || Date.now() - lastAt > silenceMs) {
      await catchUp();
      lastAt = Date.now();
    }
    await delay(LOOK_EVERY_MS);
  }
  throw new Error(
    `Not settled within ${options.withinMs} ms: ${JSON.stringify({ ...message, text: message.text.length })}`,
  );
}
