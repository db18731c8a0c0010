/** Ids and owners in the APPSYNC_JS subset. */
import { MAX_ID_LENGTH } from './limits.ts';

const ID_CHARACTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-';

/** Whether a value is an id a client may choose: 1 to 64 characters of `A-Za-z0-9_-`. */
export function isId(value: unknown): value is string {
  if (typeof value !== 'string' || value.length < 1 || value.length > MAX_ID_LENGTH) return false;
  return value.split('').every((character) => ID_CHARACTERS.indexOf(character) >= 0);
}

/**
 * The id of the user message of a send. ULIDs sort by creation time as text, so a conversation's messages are listed by
 * their ids; the suffix puts the question before its answer.
 */
export function userMessageIdOf(ulid: string): string {
  return `${ulid}-0`;
}

/** The id of the assistant message of a send or regenerate: new for every answer. */
export function assistantMessageIdOf(ulid: string): string {
  return `${ulid}-1`;
}

/** The owner of everything a signed-in user makes. */
export function userOwner(sub: string): string {
  return `u:${sub}`;
}

/** The owner of everything made with the playground's API key. */
export const PLAYGROUND_OWNER = 'k:playground';
