import { PageLink } from './page-link.tsx';

/** What an address shows that cannot be a conversation's. */
export function NoSuchConversation() {
  return (
    <main className="no-such">
      <h2>No such conversation</h2>
      <p>This address does not name a conversation.</p>
      <PageLink href="/">Start a new conversation</PageLink>
    </main>
  );
}
