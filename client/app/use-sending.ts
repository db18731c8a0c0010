import { useCallback, useEffect, useRef, useState } from 'react';
import { randomId } from '../crypto.ts';
import { isChatError, type ChatError } from '../index.ts';
import type { ConversationMethods } from '../react/index.ts';
import type { KeptTexts, UnsentText } from './kept-texts.ts';

/** A text that the service refused. */
export interface RefusedText {
  readonly text: string;
  readonly error: ChatError;
}

interface Sending {
  readonly refused: RefusedText | undefined;
  readonly forgetRefused: () => void;
  /** Sends; what the service refuses comes back as `refused`. Never throws. */
  readonly send: (text: string, parentId: string | undefined) => void;
}

/**
 * Sends texts of one conversation. A text is kept with its `clientMessageId` until the service accepted or refused it, so
 * that a reload sends it again without doing anything twice.
 */
export function useSending(methods: ConversationMethods, texts: KeptTexts, id: string, key: string): Sending {
  const [refused, setRefused] = useState<RefusedText>();
  const isMounted = useRef(true);

  const deliver = useCallback(
    async (unsent: UnsentText) => {
      texts.keepUnsent(key, unsent);
      try {
        const { ended } = await methods.send(unsent);
        texts.forgetUnsent(key, unsent.clientMessageId);
        // The transcript tells how it ended.
        ended.catch(() => undefined);
      } catch (error) {
        if (!isChatError(error) || error.code === 'NETWORK') return;
        texts.forgetUnsent(key, unsent.clientMessageId);
        if (isMounted.current) setRefused({ text: unsent.text, error });
        else if (texts.draft(id) === '') texts.keepDraft(id, unsent.text);
      }
    },
    [methods, texts, id, key],
  );
  useEffect(() => {
    isMounted.current = true;
    for (const unsent of texts.unsent(key)) void deliver(unsent);
    return () => {
      isMounted.current = false;
    };
  }, [texts, key, deliver]);

  return {
    refused,
    forgetRefused: useCallback(() => setRefused(undefined), []),
    send: useCallback(
      (text, parentId) => {
        setRefused(undefined);
        void deliver({ clientMessageId: randomId(), text, parentId });
      },
      [deliver],
    ),
  };
}
