import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useChatClient, useConversationPart } from '../../react/index.ts';
import { parentKey, parentOfNext, siblingOf, threadOf, type ThreadEntry } from '../thread.ts';
import { useAnswerActions } from '../use-answer-actions.ts';
import { Answer, type AnswerAction } from './answer.tsx';
import { EmptyConversation } from './empty-conversation.tsx';
import { Transcript } from './transcript.tsx';
import { UserMessage } from './user-message.tsx';

interface MessagesProps {
  readonly id: string;
  readonly isNew: boolean;
  readonly isOver: boolean;
  readonly sent: number;
  /** Told what a new message follows, whenever that changes. */
  readonly onPath: (parentId: string | undefined) => void;
}

/** The shown path of a conversation's tree. Rows render again only when their own message changes. */
export function Messages({ id, isNew, isOver, sent, onPath }: MessagesProps) {
  const client = useChatClient();
  const messages = useConversationPart(id, (state) => state.messages);
  const hasMore = useConversationPart(id, (state) => state.hasMore);
  const connection = useConversationPart(id, (state) => state.connection);
  const [choices, setChoices] = useState<ReadonlyMap<string, string>>(new Map());
  const { states, act } = useAnswerActions(client, id);
  const path = useMemo(() => threadOf(messages, choices), [messages, choices]);
  const shown = useRef<readonly ThreadEntry[]>(path);
  const next = parentOfNext(path);
  useEffect(() => {
    shown.current = path;
  }, [path]);
  useEffect(() => onPath(next), [next, onPath]);

  const choose = useCallback(
    (parent: string, child: string | undefined) =>
      setChoices((known) => {
        const changed = new Map(known);
        if (child === undefined) changed.delete(parent);
        else changed.set(parent, child);
        return changed;
      }),
    [],
  );
  const onStep = useCallback(
    (messageId: string, step: number) => {
      const entry = shown.current.find(({ message }) => message.id === messageId);
      const sibling = entry && siblingOf(entry, step);
      if (entry && sibling !== undefined) choose(parentKey(entry.message), sibling);
    },
    [choose],
  );
  const onAction = useCallback(
    (messageId: string, action: AnswerAction) => {
      const entry = shown.current.find(({ message }) => message.id === messageId);
      void act(messageId, action).then(() => {
        // The new answer is the newest: without a choice it is what shows.
        if (entry && action === 'regenerate') choose(parentKey(entry.message), undefined);
      });
    },
    [act, choose],
  );
  const loadOlder = useCallback(
    () =>
      client
        .conversation(id)
        .loadMore()
        .catch(() => undefined),
    [client, id],
  );
  const isWaiting = connection === 'offline' || connection === 'reconnecting';
  return (
    <Transcript isSettled={connection === 'live'} hasMore={hasMore} onLoadOlder={loadOlder} sent={sent}>
      {path.length === 0 && <EmptyConversation isNew={isNew} connection={connection} />}
      {path.map(({ message, siblings }) => {
        const row = {
          message,
          messageId: message.id,
          place: siblings.indexOf(message.id) + 1,
          siblings: siblings.length,
          onStep,
        };
        // The id changes when the service accepts a message; the row stays the same.
        const key = message.role === 'USER' ? (message.clientMessageId ?? message.id) : message.id;
        return message.role === 'USER' ? (
          <UserMessage key={key} {...row} isWaiting={isWaiting && message.pending} />
        ) : (
          <Answer
            key={key}
            {...row}
            isOver={isOver}
            asked={states.get(message.id)?.asked}
            failure={states.get(message.id)?.failure}
            onAction={onAction}
          />
        );
      })}
    </Transcript>
  );
}
