import { useEffect, useRef } from 'react';
import type { ErrorCode } from '../../index.ts';
import { PageLink } from './page-link.tsx';
import { usePage } from './page-context.tsx';

/** What keeps a conversation from working and will not pass by itself, with a way out. */
export function ConversationProblem({ code }: { readonly code: ErrorCode | undefined }) {
  const { session } = usePage();
  if (code === 'UNAUTHENTICATED') {
    const { apiKey } = session.config;
    const isUser = session.getSnapshot().identity.kind === 'user';
    return (
      <div className="notice" role="alert">
        <p>
          <strong>Sign-in was refused.</strong> Your text is kept. Choose who you are under “Account”.
        </p>
        {isUser && apiKey !== undefined && (
          <button type="button" onClick={session.usePlaygroundKey}>
            Go on with the playground key
          </button>
        )}
      </div>
    );
  }
  if (code === 'NOT_FOUND') {
    return (
      <div className="notice" role="alert">
        <p>This conversation was deleted.</p>
        <PageLink href="/">Start a new conversation</PageLink>
      </div>
    );
  }
  return null;
}

interface RefusedNoticeProps {
  readonly reason: string;
  readonly text: string;
  /** What the composer holds now. */
  readonly current: string;
  readonly onRestore: (text: string) => void;
  readonly onDismiss: () => void;
  /** Another notice says why; then this one only brings the text back. */
  readonly isExplained: boolean;
}

/** Tells that a text was not sent. It goes back to the composer at once when that is empty, else when asked to. */
export function RefusedNotice(props: RefusedNoticeProps) {
  const { reason, text, current, onRestore, onDismiss, isExplained } = props;
  const restored = useRef<string>(undefined);
  useEffect(() => {
    if (current !== '' || restored.current === text) return;
    restored.current = text;
    onRestore(text);
  }, [text, current, onRestore]);
  const isRestored = current.includes(text);
  if (isExplained && isRestored) return null;
  return (
    <div className="notice" role="alert">
      <p>
        <strong>Your message was not sent.</strong> {reason}
      </p>
      {!isRestored && (
        <button type="button" onClick={() => onRestore(current === '' ? text : `${text}\n\n${current}`)}>
          Put the text back
        </button>
      )}
      <button type="button" onClick={onDismiss}>
        Dismiss
      </button>
    </div>
  );
}
