import type { ConnectionState } from '../../index.ts';
import { useConversationPart } from '../../react/index.ts';
import { usePage } from './page-context.tsx';

interface EmptyConversationProps {
  readonly id: string;
  readonly isNew: boolean;
  readonly connection: ConnectionState;
}

/** What stands in a conversation without messages: an invitation, or that they are not here yet. */
export function EmptyConversation({ id, isNew, connection }: EmptyConversationProps) {
  const { model, playgroundUrl } = usePage().session.config;
  const hasProblem = useConversationPart(id, ({ error }) => error !== undefined && !error.retryable);
  // A notice above the composer tells what it is.
  if (hasProblem) return null;
  if (!isNew && connection !== 'live') {
    const isLoading = connection === 'connecting' || connection === 'catching-up';
    return (
      <p className="empty quiet">{isLoading ? 'Loading…' : 'The service does not answer. Trying again…'}</p>
    );
  }
  return (
    <div className="empty">
      <p>Write the first message.</p>
      {model?.isOffline && (
        <p className="quiet">
          The offline model quotes what you write. <code>/tokens 50 10</code> streams fifty words,{' '}
          <code>/echo</code> repeats a text.
        </p>
      )}
      {playgroundUrl && (
        <p className="quiet">
          The same API in the{' '}
          <a href={playgroundUrl} target="_blank" rel="noopener noreferrer">
            GraphQL playground
          </a>
        </p>
      )}
    </div>
  );
}
