import { useCallback, useEffect, useRef, useState } from 'react';
import { isChatError, type ChatError } from '../index.ts';
import type { ConversationMethods } from '../react/index.ts';
import type { KeptTexts } from './kept-texts.ts';

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

/** Sends texts of one conversation; the library keeps them through a reload until the service accepted or refused them. */
export function useSending(methods: ConversationMethods, texts: KeptTexts, id: string): Sending {
  const [refused, setRefused] = useState<RefusedText>();
  const isMounted = useRef(true);
  useEffect(() => {
    isMounted.current = true;
    return () => {
      isMounted.current = false;
    };
  }, []);

  const deliver = useCallback(
    async (text: string, parentId: string | undefined) => {
      try {
        const { ended } = await methods.send(parentId === undefined ? { text } : { text, parentId });
        // The transcript tells how it ended.
        ended.catch(() => undefined);
      } catch (error) {
        if (!isChatError(error) || error.code === 'NETWORK') return;
        if (isMounted.current) setRefused({ text, error });
        else if (texts.draft(id) === '') texts.keepDraft(id, text);
      }
    },
    [methods, texts, id],
  );
  return {
    refused,
    forgetRefused: useCallback(() => setRefused(undefined), []),
    send: useCallback(
      (text, parentId) => {
        setRefused(undefined);
        void deliver(text, parentId);
      },
      [deliver],
    ),
  };
}
