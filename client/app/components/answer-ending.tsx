import type { ChatMessage } from '../../index.ts';

/** How an answer ended, in words; nothing for one that runs or ended as it should. */
export function endingWords({ status, end }: Pick<ChatMessage, 'status' | 'end'>): string | undefined {
  switch (status) {
    case 'CANCELLED':
      return 'Stopped';
    case 'INTERRUPTED':
      return end?.reason === 'DEADLINE' ? 'Interrupted: it reached the time limit.' : 'Interrupted';
    case 'FAILED':
      return end?.error?.message ?? 'The answer failed.';
    case 'COMPLETE':
      if (end?.reason === 'LENGTH') return 'The answer reached the length limit of the model.';
      if (end?.reason === 'CONTENT_FILTER') return 'The content filter of the model ended the answer.';
      return undefined;
    case 'PENDING':
    case 'STREAMING':
      return undefined;
  }
}

/** Of an answer, at most this much is read aloud when it is whole; the rest is read where it stands. */
const SPOKEN_UNITS = 600;

/** What is announced when an answer has ended. */
export function spokenEnding(message: Pick<ChatMessage, 'status' | 'end' | 'text'>): string {
  const spoken =
    message.text.length > SPOKEN_UNITS ? `${message.text.slice(0, SPOKEN_UNITS)} …` : message.text;
  const words = endingWords(message);
  if (message.status === 'COMPLETE') return ['Answer complete.', words, spoken].filter(Boolean).join(' ');
  if (message.status === 'CANCELLED') return 'The answer was stopped.';
  if (message.status === 'INTERRUPTED') return 'The answer was interrupted.';
  return `The answer failed. ${words}`;
}
