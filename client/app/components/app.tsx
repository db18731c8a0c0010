import { useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import { ChatProvider } from '../../react/index.ts';
import type { PageConfig } from '../config.ts';
import type { KeptTexts } from '../kept-texts.ts';
import type { Router } from '../routes.ts';
import { identityKey, type Session } from '../session.ts';
import { Announcer } from './announcer.tsx';
import { ConversationView } from './conversation-view.tsx';
import { Frame } from './frame.tsx';
import { NoSuchConversation } from './no-such-conversation.tsx';
import { PageProvider } from './page-context.tsx';

/** The settings are asked for again after this time when they cannot be read. */
export const CONFIG_RETRY_MS = 1_000;

interface AppProps {
  readonly router: Router;
  readonly texts: KeptTexts;
  /** Rejects when the settings cannot be read; asked again until it resolves. */
  readonly loadConfig: () => Promise<PageConfig>;
  readonly makeSession: (config: PageConfig) => Session;
}

/** The whole page: reads its settings, signs in, and shows what the address names. */
export function App({ router, texts, loadConfig, makeSession }: AppProps) {
  const [session, setSession] = useState<Session>();
  const [isLate, setIsLate] = useState(false);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isOver = false;
    const load = () => {
      loadConfig().then(
        (config) => {
          if (!isOver) setSession(makeSession(config));
        },
        () => {
          if (isOver) return;
          setIsLate(true);
          timer = setTimeout(load, CONFIG_RETRY_MS);
        },
      );
    };
    load();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [loadConfig, makeSession]);

  if (session) return <SignedIn session={session} router={router} texts={texts} />;
  return (
    <main className="loading">
      <h1>appsync-chat</h1>
      <p role="status">{isLate ? 'The settings of this page cannot be read. Trying again…' : 'Loading…'}</p>
    </main>
  );
}

function SignedIn({ session, router, texts }: Pick<AppProps, 'router' | 'texts'> & { session: Session }) {
  const { identity, client } = useSyncExternalStore(session.subscribe, session.getSnapshot);
  const route = useSyncExternalStore(router.subscribe, router.getSnapshot);
  const page = useMemo(() => ({ session, router, texts }), [session, router, texts]);
  return (
    <PageProvider value={page}>
      <ChatProvider key={identityKey(identity)} client={client}>
        <Announcer>
          <Frame identity={identity} route={route}>
            {route.kind === 'invalid' ? (
              <NoSuchConversation />
            ) : (
              <ConversationView key={route.id} id={route.id} isNew={route.kind === 'new'} />
            )}
          </Frame>
        </Announcer>
      </ChatProvider>
    </PageProvider>
  );
}
