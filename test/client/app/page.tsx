import { act, cleanup, fireEvent, render, screen } from '@testing-library/react';
import { onTestFinished } from 'vitest';
import { App } from '../../../client/app/components/app.tsx';
import type { PageConfig } from '../../../client/app/config.ts';
import { createKeptTexts } from '../../../client/app/kept-texts.ts';
import { createRouter } from '../../../client/app/routes.ts';
import { createSession } from '../../../client/app/session.ts';
import { createChatClient, keptSends } from '../../../client/index.ts';
import { accept, FakeService, sha256 } from '../fake-service.ts';
import { ManualClock, settled } from '../manual-clock.ts';
import { deliveries } from '../react/fake-chat.tsx';
import { sharedStorage } from '../shared-storage.ts';
import { memoryStorage } from './memory-storage.ts';

const CONFIG: PageConfig = {
  endpoint: 'http://127.0.0.1:4000/graphql',
  apiKey: 'da2-local',
  tokenUrl: 'http://127.0.0.1:4000/local/token',
  model: { name: 'offline', isOffline: true },
  playgroundUrl: 'http://127.0.0.1:4000/playground',
};

interface PageOptions {
  readonly path?: string;
  readonly service?: FakeService;
  readonly storage?: ReturnType<typeof memoryStorage>;
  /** What the browser's tabs share, for unsent messages. */
  readonly shared?: Storage;
  readonly loadConfig?: () => Promise<PageConfig>;
}

/** The whole page over a fake service. The conversation of `/` and of `/c/c1` is `c1`; the client's time is stopped. */
export async function openPage(options: PageOptions = {}) {
  const { path = '/', service = new FakeService(), storage = memoryStorage(), loadConfig } = options;
  const { shared = sharedStorage() } = options;
  const clock = new ManualClock();
  service.answers.conversations ??= () => ({ items: [], nextToken: null });
  service.answers.sendMessage ??= accept;
  const users = memoryStorage();
  window.history.replaceState(null, '', path);
  render(
    <App
      router={createRouter(window, () => 'c1')}
      texts={createKeptTexts(storage)}
      loadConfig={loadConfig ?? loadDefault}
      makeSession={makeSessionOf(service, clock, users, shared)}
    />,
  );
  onTestFinished(cleanup);
  await act(settled);
  return {
    service,
    clock,
    storage,
    shared,
    users,
    box: () => screen.getByRole<HTMLTextAreaElement>('textbox', { name: 'Message' }),
    ...deliveries(service, clock),
    send: (text: string) =>
      act(async () => {
        const box = screen.getByRole('textbox', { name: 'Message' });
        fireEvent.change(box, { target: { value: text } });
        fireEvent.keyDown(box, { key: 'Enter' });
        await settled();
      }),
    click: (name: string) =>
      act(async () => {
        fireEvent.click(screen.getByRole('button', { name }));
        await settled();
      }),
  };
}

const loadDefault = () => Promise.resolve(CONFIG);

function makeSessionOf(
  service: FakeService,
  clock: ManualClock,
  users: ReturnType<typeof memoryStorage>,
  shared: Storage,
) {
  return (config: PageConfig) =>
    createSession({
      config,
      request: () => Promise.resolve(Response.json({ token: 'given' })),
      now: () => 0,
      storage: users,
      makeClient: () =>
        createChatClient({
          transport: service,
          outbox: keptSends(
            () => Promise.resolve('somebody'),
            () => shared,
          ),
          clock,
          random: () => 0.5,
          sha256: (text) => Promise.resolve(sha256(text)),
        }),
    });
}
