import { useCallback, useEffect, useRef, useState } from 'react';
import { useConversationMethods, useConversationPart } from '../../react/index.ts';
import { errorText } from '../error-text.ts';
import { runningAnswer } from '../thread.ts';
import { useSending } from '../use-sending.ts';
import { Composer } from './composer.tsx';
import { Messages } from './messages.tsx';
import { usePage } from './page-context.tsx';
import { ConversationProblem, RefusedNotice } from './notices.tsx';

/** The drafts of conversations that are not there yet share one place. */
const NEW_DRAFT = 'new';

/** One conversation: its messages and the composer. Focus is in the composer from the start, and stays there. */
export function ConversationView({ id, isNew }: { readonly id: string; readonly isNew: boolean }) {
  const { session, router, texts } = usePage();
  const methods = useConversationMethods(id);
  const input = useRef<HTMLTextAreaElement>(null);
  const draftKey = isNew ? NEW_DRAFT : id;
  const [text, setText] = useState(() => texts.draft(draftKey));
  const [sent, setSent] = useState(0);
  const parentId = useRef<string>(undefined);
  const runningId = useConversationPart(id, (state) => runningAnswer(state.messages)?.id);
  const problem = useConversationPart(id, (state) => state.error?.code);
  const isOver = problem === 'NOT_FOUND';
  const { refused, forgetRefused, send } = useSending(methods, texts, id);

  const write = useCallback(
    (next: string) => {
      setText(next);
      texts.keepDraft(draftKey, next);
    },
    [texts, draftKey],
  );
  useEffect(() => {
    // A touch keyboard would cover the page.
    if (window.matchMedia('(pointer: fine)').matches) input.current?.focus();
  }, []);
  const submit = (whole: string) => {
    write('');
    if (isNew) router.adopt();
    setSent((count) => count + 1);
    send(whole, parentId.current);
  };
  const stop = () => {
    // The button goes away with the answer; focus would go with it.
    input.current?.focus();
    if (runningId === undefined) return;
    // Retried until the service answers; a refusal means that it had ended.
    methods.cancel(runningId).catch(() => undefined);
  };
  return (
    <main className="conversation">
      <Messages
        id={id}
        isNew={isNew}
        isOver={isOver}
        sent={sent}
        onSend={send}
        onPath={useCallback((next: string | undefined) => {
          parentId.current = next;
        }, [])}
      />
      <div className="below">
        <ConversationProblem code={problem} />
        {refused && (
          <RefusedNotice
            reason={errorText(refused.error)}
            text={refused.text}
            current={text}
            onRestore={write}
            onDismiss={forgetRefused}
            isExplained={refused.error.code === problem}
          />
        )}
        <Composer
          inputRef={input}
          text={text}
          onText={write}
          onSend={submit}
          isAnswering={runningId !== undefined && !isOver}
          onStop={stop}
          label={modelLabel(session.config.model)}
        />
      </div>
    </main>
  );
}

function modelLabel(
  model: { readonly name: string; readonly isOffline: boolean } | undefined,
): string | undefined {
  return model?.isOffline ? 'Offline model' : model?.name;
}
