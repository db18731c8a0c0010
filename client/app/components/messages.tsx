import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { RowGroups, useConversationMethods, useConversationPart } from '../../react/index.ts';
import { parentOfNext, rowReader, type BranchChoices } from '../thread.ts';
import { useAnswerActions } from '../use-answer-actions.ts';
import type { AnswerAction } from './answer.tsx';
import { EmptyConversation } from './empty-conversation.tsx';
import { MessageRow } from './message-row.tsx';
import { Transcript } from './transcript.tsx';
import { useUnlessBrief } from './use-unless-brief.ts';

interface MessagesProps {
  readonly id: string;
  readonly isNew: boolean;
  readonly isOver: boolean;
  readonly sent: number;
  /** Sends a text after a message; a stable function. */
  readonly onSend: (text: string, parentId: string | undefined) => void;
  /** Told what a new message follows, whenever that changes; a stable function. */
  readonly onPath: (parentId: string | undefined) => void;
}

/** The shown path of a conversation's tree. A token renders one row and not this list. */
export function Messages({ id, isNew, isOver, sent, onSend, onPath }: MessagesProps) {
  const methods = useConversationMethods(id);
  const [choices, setChoices] = useState<BranchChoices>(new Map());
  const rows = useConversationPart(
    id,
    useMemo(() => rowReader(choices), [choices]),
  );
  const hasMore = useConversationPart(id, (state) => state.hasMore);
  // A message of another device is listed before it shows: while that is brief, the log announces what comes.
  const connection = useUnlessBrief(useConversationPart(id, (state) => state.connection));
  const { states, act } = useAnswerActions(methods);
  const parentId = parentOfNext(rows);
  useEffect(() => onPath(parentId), [parentId, onPath]);

  const choose = useCallback(
    (parent: string, childId: string) => setChoices((known) => new Map(known).set(parent, childId)),
    [],
  );
  const onAction = useCallback(
    async (messageId: string, parent: string, action: AnswerAction) => {
      const isTaken = await act(messageId, action);
      if (!isTaken || action !== 'regenerate') return;
      // The new answer is the newest: without a choice it is what shows.
      setChoices((known) => new Map([...known].filter(([chosenFor]) => chosenFor !== parent)));
    },
    [act],
  );
  const latestParent = useRef(parentId);
  useEffect(() => {
    latestParent.current = parentId;
  }, [parentId]);
  const onRefused = useCallback(
    (clientMessageId: string, textToSend: string | undefined) => {
      methods.discard(clientMessageId);
      if (textToSend !== undefined) onSend(textToSend, latestParent.current);
    },
    [methods, onSend],
  );
  const loadOlder = useCallback(() => methods.loadMore().catch(() => undefined), [methods]);
  return (
    <Transcript isSettled={connection === 'live'} hasMore={hasMore} onLoadOlder={loadOlder} sent={sent}>
      {rows.length === 0 && <EmptyConversation id={id} isNew={isNew} connection={connection} />}
      <RowGroups>
        {rows.map((row) => (
          <MessageRow
            key={row.key}
            id={id}
            row={row}
            isOver={isOver}
            isWaiting={connection === 'offline' || connection === 'reconnecting'}
            asked={states.get(row.messageId)?.asked}
            failure={states.get(row.messageId)?.failure}
            onAction={onAction}
            onChoose={choose}
            onRefused={onRefused}
          />
        ))}
      </RowGroups>
    </Transcript>
  );
}
