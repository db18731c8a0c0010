import type { ChatError } from '../index.ts';

/** What a failed action tells a person; every text is complete and names no id. */
export function errorText(error: Pick<ChatError, 'code' | 'message'>): string {
  if (error.code === 'UNAUTHENTICATED') return 'Sign-in was refused.';
  if (error.code === 'NOT_FOUND') return 'This conversation does not exist any more.';
  return error.message;
}
