import { useEffect, useId, useRef } from 'react';
import type { ChatMessage } from '../../index.ts';
import { useRevealedText } from '../../react/index.ts';
import { Markdown } from '../markdown/markdown.tsx';
import { isRunning } from '../thread.ts';
import { endingWords, spokenEnding } from './answer-ending.tsx';
import { useAnnounce } from './announcer.tsx';
import { BranchPicker, type BranchProps } from './branch-picker.tsx';
import { CopyButton } from './copy-button.tsx';

/** What can be asked of an answer. */
export type AnswerAction = 'regenerate' | 'continue';

interface AnswerProps extends BranchProps {
  readonly message: ChatMessage;
  /** The conversation is gone: nothing goes on any more. */
  readonly isOver: boolean;
  /** An action of this answer that is on its way. */
  readonly asked: AnswerAction | undefined;
  /** Why the last action was refused. */
  readonly failure: string | undefined;
  readonly onAction: (action: AnswerAction) => void;
}

/** An answer: its text as it arrives, how it ended, and what can be asked of it. */
export function Answer(props: AnswerProps) {
  const { message, isOver, asked, failure, onAction, ...branch } = props;
  const nameId = useId();
  const text = useRevealedText(message);
  const isUnderWay = isRunning(message) && !isOver;
  const isWhole = !isRunning(message) && text.length === message.text.length;
  useAnnouncements(message);
  return (
    <article
      className="message assistant"
      aria-labelledby={nameId}
      aria-busy={isUnderWay}
      // Text that grows must not be read token by token: the announcer reads the answer once it is whole.
      aria-live="off"
    >
      <h2 id={nameId}>Assistant</h2>
      {message.reasoning !== '' && (
        <details className="reasoning">
          <summary>Reasoning</summary>
          <p className="typed" dir="auto">
            {message.reasoning}
          </p>
        </details>
      )}
      {text !== '' && <Markdown text={text} isIncomplete={!isWhole} />}
      {isUnderWay && <Activity status={message.status} />}
      {isWhole && <Ending message={message} />}
      <div className="message-foot">
        {!isUnderWay && message.text !== '' && <CopyButton label="Copy" text={() => message.text} />}
        {isWhole && <Actions message={message} asked={asked} isOver={isOver} onAction={onAction} />}
        <BranchPicker {...branch} noun="answer" />
      </div>
      {failure !== undefined && (
        <p className="error-text" role="alert">
          {failure}
        </p>
      )}
    </article>
  );
}

/** Exactly as long as the answer is on its way. */
function Activity({ status }: Pick<ChatMessage, 'status'>) {
  return (
    <p className="activity">
      <span className="dots" aria-hidden="true">
        <span />
        <span />
        <span />
      </span>
      <span className="visually-hidden">{status === 'PENDING' ? 'Waiting for the answer' : 'Answering'}</span>
    </p>
  );
}

function Ending({ message }: { readonly message: ChatMessage }) {
  const words = endingWords(message);
  if (words === undefined) return null;
  return <p className={message.status === 'FAILED' ? 'ending error-text' : 'ending'}>{words}</p>;
}

type ActionsProps = Pick<AnswerProps, 'message' | 'asked' | 'isOver' | 'onAction'>;

function Actions({ message, asked, isOver, onAction }: ActionsProps) {
  const isBusy = asked !== undefined || isOver;
  return (
    <>
      {message.status === 'INTERRUPTED' && message.end?.continuable && (
        <button type="button" className="remedy" disabled={isBusy} onClick={() => onAction('continue')}>
          Continue
        </button>
      )}
      <button
        type="button"
        className={message.status === 'FAILED' ? 'remedy' : undefined}
        disabled={isBusy}
        onClick={() => onAction('regenerate')}
      >
        {message.status === 'FAILED' ? 'Try again' : 'Regenerate'}
      </button>
    </>
  );
}

/** Says that an answer has begun and, once, what it came to; nothing of answers that had ended before they were shown. */
function useAnnouncements(message: ChatMessage): void {
  const announce = useAnnounce();
  const announced = useRef<'running' | 'ended' | undefined>(undefined);
  const running = isRunning(message);
  useEffect(() => {
    const before = announced.current;
    announced.current = running ? 'running' : 'ended';
    if (running && before !== 'running') announce('The assistant is answering.');
    if (!running && before === 'running') announce(spokenEnding(message));
  }, [running, message, announce]);
}
