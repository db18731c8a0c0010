import { useState, type ReactNode } from 'react';
import { useConversations } from '../../react/index.ts';
import type { Route } from '../routes.ts';
import type { Identity } from '../session.ts';
import { AccountDialog, identityWords } from './account.tsx';
import { ConnectionStatus } from './connection-status.tsx';
import { ConversationList } from './conversation-list.tsx';
import { Modal } from './modal.tsx';
import { usePage } from './page-context.tsx';
import { NARROW, useMedia } from './use-media.ts';

interface FrameProps {
  readonly identity: Identity;
  readonly route: Route;
  readonly children: ReactNode;
}

/** What surrounds a conversation: header and the list of conversations, beside it or in a drawer. */
export function Frame({ identity, route, children }: FrameProps) {
  const { router } = usePage();
  const isNarrow = useMedia(NARROW);
  const conversations = useConversations();
  const [open, setOpen] = useState<'account' | 'drawer'>();
  const close = () => setOpen(undefined);
  const startNew = () => {
    router.go('/');
    close();
  };
  const list = (
    <ConversationList
      conversations={conversations}
      currentId={route.kind === 'invalid' ? undefined : route.id}
      onChosen={close}
    />
  );
  return (
    <div className="page">
      {route.kind !== 'invalid' && (
        <a className="skip-link" href="#message">
          Skip to the message box
        </a>
      )}
      <header className="page-head">
        {isNarrow && (
          <button
            type="button"
            className="icon-button"
            aria-label="Conversations"
            aria-haspopup="dialog"
            onClick={() => setOpen('drawer')}
          >
            <span aria-hidden="true">☰</span>
          </button>
        )}
        <h1>appsync-chat</h1>
        {route.kind !== 'invalid' && <ConnectionStatus key={route.id} id={route.id} />}
        <button type="button" className="new-button" aria-label="New conversation" onClick={startNew}>
          <span aria-hidden="true">+</span>
          <span className="wide-only">New conversation</span>
        </button>
        <span className="identity wide-only">{identityWords(identity)}</span>
        <button type="button" aria-haspopup="dialog" onClick={() => setOpen('account')}>
          Account
        </button>
      </header>
      {!isNarrow && <div className="sidebar">{list}</div>}
      {isNarrow && open === 'drawer' && (
        <Modal title="Conversations" className="drawer" onClose={close}>
          {list}
        </Modal>
      )}
      {open === 'account' && <AccountDialog identity={identity} onClose={close} />}
      {children}
    </div>
  );
}
