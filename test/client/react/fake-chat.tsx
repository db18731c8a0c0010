import { act, cleanup, render } from '@testing-library/react';
import { StrictMode, type ReactNode } from 'react';
import { onTestFinished } from 'vitest';
import { createChatClient, type TokenBatch } from '../../../client/index.ts';
import { ChatProvider } from '../../../client/react/index.ts';
import { accept, FakeService } from '../fake-service.ts';
import { ManualClock, settled } from '../manual-clock.ts';

/** Lets promises settle and React render what they brought. */
export const rendered = () => act(settled);

/** A client over a fake service; sends are accepted as `m1-0` and `m1-1`. Its time is stopped, the hooks' is the machine's. */
export function fakeChat(service = new FakeService()) {
  const clock = new ManualClock();
  const chat = createChatClient({ transport: service, clock, random: () => 0.5 });
  service.answers.sendMessage = accept;
  onTestFinished(() => {
    cleanup();
    chat.close();
  });
  const wrapper = ({ children }: { children?: ReactNode }) => (
    <ChatProvider client={chat}>{children}</ChatProvider>
  );
  return {
    service,
    clock,
    chat,
    wrapper,
    /** Renders below a provider, in strict mode when asked. */
    show: (children: ReactNode, isStrict = false) =>
      render(isStrict ? <StrictMode>{children}</StrictMode> : children, { wrapper }),
    ...deliveries(service, clock),
  };
}

/** What the newest subscription delivers, with what React renders of it. */
export function deliveries(service: FakeService, clock: ManualClock) {
  return {
    /** The acknowledgement; the listings that follow are over. */
    acknowledge: async () => {
      await rendered();
      await act(async () => {
        service.current.observer.onAck();
        await clock.advance(2_000);
      });
    },
    hear: (...batches: TokenBatch[]) =>
      act(async () => {
        for (const batch of batches) service.current.observer.onBatch(batch);
        await settled();
      }),
  };
}

/** Two kinds of subscriptions a service has: all that were ever opened, and those still open. */
export function subscriptions({ subscriptions: all }: FakeService) {
  return { opened: all.length, open: all.filter(({ isEnded }) => !isEnded).length };
}
