import { useConversationPart } from '../../react/index.ts';
import { usePage } from './page-context.tsx';
import { useUnlessBrief } from './use-unless-brief.ts';

interface EmptyConversationProps {
  readonly id: string;
  readonly isNew: boolean;
}

/** What stands in a conversation without messages: an invitation, or that they are not here yet. */
export function EmptyConversation({ id, isNew }: EmptyConversationProps) {
  const { model, playgroundUrl } = usePage().session.config;
  const connection = useUnlessBrief(useConversationPart(id, (state) => state.connection));
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
