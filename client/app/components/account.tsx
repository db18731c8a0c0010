import { useId, useState, type FormEvent } from 'react';
import { isChatError } from '../../index.ts';
import { errorText } from '../error-text.ts';
import type { Identity } from '../session.ts';
import { Modal } from './modal.tsx';
import { usePage } from './page-context.tsx';

/** An identity in words. */
export function identityWords(identity: Identity): string {
  if (identity.kind === 'user') return identity.name;
  return identity.kind === 'playground' ? 'Playground key' : 'Not signed in';
}

/** The dialog in which a person signs in as a local user or goes back to the playground key. */
export function AccountDialog({ identity, onClose }: { identity: Identity; onClose: () => void }) {
  const { session, router } = usePage();
  const [name, setName] = useState(identity.kind === 'user' ? identity.name : '');
  const [failure, setFailure] = useState<string>();
  const [isAsking, setIsAsking] = useState(false);
  const failureId = useId();
  const { tokenUrl, apiKey } = session.config;

  const signIn = async (event: FormEvent) => {
    event.preventDefault();
    const wanted = name.trim();
    if (wanted === '' || isAsking) return;
    setIsAsking(true);
    setFailure(undefined);
    try {
      await session.signIn(wanted);
      router.go('/');
      onClose();
    } catch (error) {
      setIsAsking(false);
      setFailure(isChatError(error) ? errorText(error) : 'Something went wrong.');
    }
  };
  const leave = () => {
    session.usePlaygroundKey();
    router.go('/');
    onClose();
  };
  return (
    <Modal title="Account" onClose={onClose}>
      <p>
        <IdentitySentence identity={identity} /> Each account sees its own conversations.
      </p>
      {tokenUrl !== undefined && (
        <form className="stack" onSubmit={(event) => void signIn(event)}>
          <label>
            User name
            <input
              value={name}
              onChange={(event) => setName(event.target.value)}
              autoComplete="username"
              autoCapitalize="none"
              spellCheck={false}
              maxLength={64}
              data-first-focus
              aria-invalid={failure !== undefined}
              aria-describedby={failure === undefined ? undefined : failureId}
            />
          </label>
          {failure !== undefined && (
            <p id={failureId} className="error-text" role="alert">
              {failure}
            </p>
          )}
          <button type="submit" className="primary" disabled={name.trim() === '' || isAsking}>
            Sign in
          </button>
        </form>
      )}
      {apiKey !== undefined && identity.kind !== 'playground' && (
        <button type="button" onClick={leave}>
          Use the playground key
        </button>
      )}
      {tokenUrl === undefined && apiKey === undefined && (
        <p>
          This deployment names no local users and no key: sign in with the application that shows this page.
        </p>
      )}
    </Modal>
  );
}

function IdentitySentence({ identity }: { identity: Identity }) {
  if (identity.kind === 'playground')
    return (
      <>
        You use the <strong>playground key</strong>.
      </>
    );
  if (identity.kind !== 'user') return <>You are not signed in.</>;
  return (
    <>
      You are signed in as <strong>{identity.name}</strong>.
    </>
  );
}
