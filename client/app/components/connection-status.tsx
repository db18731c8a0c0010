import type { ConnectionState } from '../../index.ts';
import { useConversationPart } from '../../react/index.ts';
import { useUnlessBrief } from './use-unless-brief.ts';

/** The connection in words. */
export const CONNECTION_WORDS: Record<ConnectionState, string> = {
  connecting: 'Connecting',
  live: 'Live',
  'catching-up': 'Catching up',
  reconnecting: 'Reconnecting',
  offline: 'Offline',
};

/** How a conversation is connected. The page's one status region. */
export function ConnectionStatus({ id }: { readonly id: string }) {
  const connection = useUnlessBrief(useConversationPart(id, (state) => state.connection));
  return (
    <p className="connection" data-state={connection} role="status">
      <span className="connection-mark" aria-hidden="true" />
      {CONNECTION_WORDS[connection]}
    </p>
  );
}
