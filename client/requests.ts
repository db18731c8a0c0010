import type { PacingProfile } from '../protocol/generated/schema-types.ts';
import type { ChatMessage } from './snapshot.ts';

/** What is sent. */
export interface SendOptions {
  /** 1 to 32,000 UTF-16 units, not only white space. */
  readonly text: string;
  /** Omitted: after the newest answer; null: a new root; else the message to follow. */
  readonly parentId?: string | null;
  /** Makes repeats harmless, across reloads too. @defaultValue a new UUID */
  readonly clientMessageId?: string;
  /** One of the configured models. @defaultValue the first of them */
  readonly model?: string;
  /** @defaultValue BALANCED */
  readonly pacing?: PacingProfile;
}

/** How an answer is made anew. */
export type RegenerateOptions = Pick<SendOptions, 'clientMessageId' | 'model' | 'pacing'>;

/** An answer that was asked for. */
export interface RequestedAnswer {
  readonly messageId: string;
  /**
   * Resolves with the message once a terminal state is known, by END or catch-up, and its text agrees in length and
   * SHA-256; FAILED carries `end.error`. Rejects with a ChatError for `close()` (NETWORK) or a deleted conversation
   * (NOT_FOUND) alone.
   */
  readonly ended: Promise<ChatMessage>;
}
