import { useCallback, useState } from 'react';
import { isChatError } from '../index.ts';
import type { ConversationMethods } from '../react/index.ts';
import type { AnswerAction } from './components/answer.tsx';
import { errorText } from './error-text.ts';

/** An action on its way, or why it was refused. */
export interface ActionState {
  readonly asked?: AnswerAction;
  readonly failure?: string;
}

/** Regenerates and continues answers; what is refused is told by message. `act` answers whether it was taken and never throws. */
export function useAnswerActions(methods: ConversationMethods) {
  const [states, setStates] = useState<ReadonlyMap<string, ActionState>>(new Map());
  const act = useCallback(
    async (messageId: string, action: AnswerAction): Promise<boolean> => {
      const tell = (state: ActionState | undefined) =>
        setStates((known) => {
          const next = new Map(known);
          if (state) next.set(messageId, state);
          else next.delete(messageId);
          return next;
        });
      tell({ asked: action });
      try {
        const { ended } = await methods[action](messageId);
        ended.catch(() => undefined);
        tell(undefined);
        return true;
      } catch (error) {
        tell({ failure: isChatError(error) ? errorText(error) : 'Something went wrong.' });
        return false;
      }
    },
    [methods],
  );
  return { states, act };
}
