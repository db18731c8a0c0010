import { useId } from 'react';
import type { ChatMessage } from '../../index.ts';
import { errorText } from '../error-text.ts';
import { BranchPicker, type BranchProps } from './branch-picker.tsx';

interface UserMessageProps extends BranchProps {
  readonly message: ChatMessage;
  /** The service does not answer: what is pending waits for it. */
  readonly isWaiting: boolean;
  /** Discards the message, and sends a text anew when one is given. */
  readonly onRefused: (clientMessageId: string, textToSend: string | undefined) => void;
}

/** A question as it was typed. */
export function UserMessage({ message, isWaiting, onRefused, ...branch }: UserMessageProps) {
  const nameId = useId();
  return (
    <article className="message user" aria-labelledby={nameId}>
      <h2 id={nameId}>You</h2>
      <p className="typed" dir="auto">
        {message.text}
      </p>
      <div className="message-foot">
        {message.refusal && (
          <>
            <span className="error-text" role="alert">
              Not sent. {errorText(message.refusal)}
            </span>
            <button type="button" className="remedy" onClick={() => onRefused(message.id, message.text)}>
              Try again
            </button>
            <button type="button" onClick={() => onRefused(message.id, undefined)}>
              Discard
            </button>
          </>
        )}
        {message.pending && !message.refusal && (
          <span className="quiet">{isWaiting ? 'Not sent yet: waiting for the service' : 'Sending…'}</span>
        )}
        <BranchPicker {...branch} noun="question" />
      </div>
    </article>
  );
}
