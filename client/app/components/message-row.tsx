import { memo } from 'react';
import { useMessage } from '../../react/index.ts';
import type { ThreadRow } from '../thread.ts';
import { Answer, type AnswerAction } from './answer.tsx';
import { UserMessage } from './user-message.tsx';

interface MessageRowProps {
  readonly id: string;
  readonly row: ThreadRow;
  readonly isOver: boolean;
  /** The service does not answer. */
  readonly isWaiting: boolean;
  readonly asked: AnswerAction | undefined;
  readonly failure: string | undefined;
  /** Stable functions. */
  readonly onAction: (messageId: string, parent: string, action: AnswerAction) => Promise<void>;
  readonly onChoose: (parent: string, childId: string) => void;
  /** Discards a message that was refused after a reload, and sends a text anew when one is given. */
  readonly onRefused: (clientMessageId: string, textToSend: string | undefined) => void;
}

/** A row of the transcript; renders when its own message changes. */
export const MessageRow = memo(function MessageRow(props: MessageRowProps) {
  const { id, row, isOver, isWaiting, asked, failure, onAction, onChoose, onRefused } = props;
  const message = useMessage(id, row.messageId);
  if (!message) return null;
  if (row.role === 'USER') {
    return (
      <UserMessage
        message={message}
        isWaiting={isWaiting}
        row={row}
        onChoose={onChoose}
        onRefused={onRefused}
      />
    );
  }
  return (
    <Answer
      message={message}
      isOver={isOver}
      asked={asked}
      failure={failure}
      onAction={(action) => void onAction(row.messageId, row.parent, action)}
      row={row}
      onChoose={onChoose}
    />
  );
});
