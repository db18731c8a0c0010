import { useId } from 'react';
import type { ChatMessage } from '../../index.ts';
import { BranchPicker, type BranchProps } from './branch-picker.tsx';

interface UserMessageProps extends BranchProps {
  readonly message: ChatMessage;
  /** The service does not answer: what is pending waits for it. */
  readonly isWaiting: boolean;
}

/** A question as it was typed. */
export function UserMessage({ message, isWaiting, ...branch }: UserMessageProps) {
  const nameId = useId();
  return (
    <article className="message user" aria-labelledby={nameId}>
      <h2 id={nameId}>You</h2>
      <p className="typed" dir="auto">
        {message.text}
      </p>
      <div className="message-foot">
        {message.pending && (
          <span className="quiet">{isWaiting ? 'Not sent yet: waiting for the service' : 'Sending…'}</span>
        )}
        <BranchPicker {...branch} noun="question" />
      </div>
    </article>
  );
}
