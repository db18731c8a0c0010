import { useEffect, useRef, useState, type FormEvent } from 'react';
import type { ConversationItem } from '../../index.ts';
import { MAX_TITLE_UNITS } from '../../../protocol/limits.ts';
import { conversationPath } from '../routes.ts';
import { PageLink } from './page-link.tsx';

interface ConversationListItemProps {
  readonly item: ConversationItem;
  readonly isCurrent: boolean;
  readonly onChosen: () => void;
  readonly onRename: (title: string) => void;
  readonly onDelete: () => void;
}

/** A conversation's title in words. */
export function titleOf(item: Pick<ConversationItem, 'title'>): string {
  return item.title?.trim() || 'Untitled';
}

/** One conversation of the list: a link named by its title, or a textbox while it is renamed. */
export function ConversationListItem(props: ConversationListItemProps) {
  const { item, isCurrent, onChosen, onRename, onDelete } = props;
  const [isRenaming, setIsRenaming] = useState(false);
  const renameButton = useRef<HTMLButtonElement>(null);
  const wasRenaming = useRef(false);
  useEffect(() => {
    if (wasRenaming.current && !isRenaming) renameButton.current?.focus();
    wasRenaming.current = isRenaming;
  }, [isRenaming]);
  const title = titleOf(item);
  if (isRenaming) {
    return (
      <li>
        <TitleForm
          title={item.title ?? ''}
          onDone={(next) => {
            setIsRenaming(false);
            if (next !== undefined && next !== item.title) onRename(next);
          }}
        />
      </li>
    );
  }
  return (
    <li className="conversation-item">
      <PageLink
        href={conversationPath(item.id)}
        aria-current={isCurrent ? 'page' : undefined}
        title={title}
        dir="auto"
        onClick={onChosen}
      >
        {title}
      </PageLink>
      <button
        ref={renameButton}
        type="button"
        className="icon-button"
        aria-label={`Rename ${title}`}
        onClick={() => setIsRenaming(true)}
      >
        <span aria-hidden="true">✎</span>
      </button>
      <button type="button" className="icon-button" aria-label={`Delete ${title}`} onClick={onDelete}>
        <span aria-hidden="true">✕</span>
      </button>
    </li>
  );
}

/** Enter and leaving the field keep the title, Escape and an empty one do not. */
function TitleForm({ title, onDone }: { title: string; onDone: (title: string | undefined) => void }) {
  const [text, setText] = useState(title);
  const finish = () => onDone(text.trim() === '' ? undefined : text.trim());
  return (
    <form
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        finish();
      }}
    >
      <input
        aria-label="Title"
        dir="auto"
        value={text}
        maxLength={MAX_TITLE_UNITS}
        autoFocus
        onFocus={(event) => event.target.select()}
        onChange={(event) => setText(event.target.value)}
        onBlur={finish}
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return;
          // Else the drawer around it would close too.
          event.preventDefault();
          onDone(undefined);
        }}
      />
    </form>
  );
}
