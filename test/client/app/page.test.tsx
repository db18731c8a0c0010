import { act, fireEvent, screen, within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { ChatError, keptSends } from '../../../client/index.ts';
import type { GenerationEnd, Message } from '../../../protocol/generated/schema-types.ts';
import { accept, batch, FakeService, message, receipt } from '../fake-service.ts';
import { settled } from '../manual-clock.ts';
import { sharedStorage } from '../shared-storage.ts';
import { memoryStorage } from './memory-storage.ts';
import { openPage } from './page.tsx';

/** A service that holds a question and an answer that has ended. */
function answered(fields: Partial<Message>, end: Partial<GenerationEnd> = {}): FakeService {
  const service = new FakeService();
  const text = fields.text ?? '';
  service.stored.push(message({ id: 'm1-0', role: 'USER', status: 'COMPLETE', text: 'hi' }));
  service.stored.push(
    message({ id: 'm1-1', parentId: 'm1-0', ...fields, end: { ...receipt(text), ...end } }),
  );
  return service;
}

const answerRow = () => screen.getByRole('article', { name: /^Assistant/ });
const names = (element: HTMLElement) =>
  within(element)
    .getAllByRole('button')
    .map((button) => button.getAttribute('aria-label') ?? button.textContent);
const spoken = () => document.querySelector('[aria-live="polite"]:not([role])')?.textContent;

describe('the page', () => {
  it('sends the first message, names the conversation in the address, and shows the answer as it comes', async () => {
    const page = await openPage();
    await page.acknowledge();
    expect(screen.getByText('Offline model')).toBeTruthy();
    await page.send('hello');
    expect(location.pathname).toBe('/c/c1');
    expect(page.box().value).toBe('');
    expect(screen.getByRole('article', { name: /^You/ }).textContent).toContain('hello');
    expect(screen.getByRole('button', { name: 'Stop' })).toBeTruthy();
    await page.hear(batch(), batch({ seq: 1, text: 'one **two**' }));
    expect(answerRow().textContent).toContain('one two');
    expect(answerRow().getAttribute('aria-busy')).toBe('true');
    const end = receipt('one **two**');
    await page.hear(batch({ seq: 2, offset: 11, end }));
    expect(names(answerRow())).toEqual(['Copy', 'Regenerate']);
    expect(answerRow().getAttribute('aria-busy')).toBe('false');
    expect(screen.getByRole('button', { name: 'Send' })).toBeTruthy();
  });

  it('leads to the playground while a conversation is empty', async () => {
    const page = await openPage();
    await page.acknowledge();
    const link = screen.getByRole('link', { name: 'GraphQL playground' });
    expect(link.getAttribute('href')).toBe('http://127.0.0.1:4000/playground');
    await page.send('hello');
    expect(screen.queryByRole('link', { name: 'GraphQL playground' })).toBeNull();
  });

  it('does not flicker in an empty conversation when its messages are listed again', async () => {
    const page = await openPage({ path: '/c/c1' });
    page.service.answers.messages = () => new ChatError('NOT_FOUND');
    await page.acknowledge();
    await screen.findByText('Write the first message.');
    Object.assign(page.service, { query: () => new Promise(() => undefined) });
    await act(async () => {
      window.dispatchEvent(new Event('online'));
      await settled();
    });
    expect(screen.queryByText('Loading…')).toBeNull();
    expect(screen.getByText('Write the first message.')).toBeTruthy();
  });

  it('has a log that is silent for answers, and says each answer once it is whole', async () => {
    const page = await openPage();
    await page.acknowledge();
    expect(screen.getByRole('log', { name: 'Conversation' }).getAttribute('aria-live')).toBe('polite');
    await page.send('hello');
    expect(answerRow().getAttribute('aria-live')).toBe('off');
    expect(spoken()).toBe('The assistant is answering.');
    await page.hear(batch(), batch({ seq: 1, text: 'one' }));
    expect(spoken()).toBe('The assistant is answering.');
    await page.hear(batch({ seq: 2, offset: 3, end: receipt('one') }));
    expect(spoken()).toBe('Answer complete. one');
  });

  it('announces what another device adds, also when the messages are listed for it', async () => {
    const page = await openPage({ path: '/c/c1', service: answered({ text: 'old', status: 'COMPLETE' }) });
    await page.acknowledge();
    page.service.stored.push(
      message({ id: 'm2-0', role: 'USER', status: 'COMPLETE', text: 'from elsewhere' }),
      message({ id: 'm2-1', parentId: 'm2-0' }),
    );
    const log = screen.getByRole('log', { name: 'Conversation' });
    const manners: (string | null)[] = [];
    const observer = new MutationObserver(() => manners.push(log.getAttribute('aria-live')));
    observer.observe(log, { subtree: true, childList: true });
    await page.hear(batch({ messageId: 'm2-1', userMessageId: 'm2-0' }));
    observer.disconnect();
    expect(log.textContent).toContain('from elsewhere');
    expect(new Set(manners)).toEqual(new Set(['polite']));
  });

  it('says nothing of answers that were there before', async () => {
    const page = await openPage({
      path: '/c/c1',
      service: answered({ text: 'old', status: 'COMPLETE' }),
    });
    expect(answerRow().textContent).toContain('old');
    expect(screen.getByRole('log', { name: 'Conversation' }).getAttribute('aria-live')).toBe('off');
    await page.acknowledge();
    expect(spoken()).toBe('');
  });

  it('stops an answer, by Escape too, and keeps its text', async () => {
    const page = await openPage();
    await page.acknowledge();
    await page.send('hello');
    await page.hear(batch(), batch({ seq: 1, text: 'one' }));
    fireEvent.keyDown(page.box(), { key: 'Escape' });
    await act(settled);
    expect(page.service.requests.at(-1)).toMatchObject({
      field: 'cancelMessage',
      variables: { messageId: 'm1-1' },
    });
    const end: GenerationEnd = { ...receipt('one'), reason: 'CANCELLED' };
    await page.hear(batch({ seq: 2, offset: 3, end, status: 'CANCELLED' }));
    expect(answerRow().textContent).toMatch(/one.*Stopped/);
  });

  it.each([
    ['COMPLETE', { reason: 'LENGTH' }, /length limit/, ['Copy', 'Regenerate']],
    ['COMPLETE', { reason: 'CONTENT_FILTER' }, /content filter/, ['Copy', 'Regenerate']],
    ['CANCELLED', { reason: 'CANCELLED' }, /Stopped/, ['Copy', 'Regenerate']],
    ['INTERRUPTED', { reason: 'LOST', continuable: true }, /Interrupted/, ['Copy', 'Continue', 'Regenerate']],
    ['INTERRUPTED', { reason: 'DEADLINE' }, /time limit/, ['Copy', 'Regenerate']],
    [
      'FAILED',
      {
        reason: 'ERROR',
        error: { code: 'UPSTREAM_RATE_LIMITED', message: 'The model is busy.', retryable: true },
      },
      /The model is busy/,
      ['Copy', 'Try again'],
    ],
  ] as const)('tells how an answer ended: %s %j', async (status, end, words, buttons) => {
    const page = await openPage({ path: '/c/c1', service: answered({ text: 'part', status }, end) });
    await page.acknowledge();
    expect(answerRow().textContent).toMatch(words);
    expect(names(answerRow())).toEqual(buttons);
  });

  it('tells why an action was refused, near the answer', async () => {
    const service = answered({ text: 'part', status: 'COMPLETE' });
    service.answers.regenerateMessage = () => new ChatError('CONFLICT');
    const page = await openPage({ path: '/c/c1', service });
    await page.acknowledge();
    await page.click('Regenerate');
    expect(within(answerRow()).getByRole('alert').textContent).toContain('conflicts');
  });

  it('stays at the version whose regenerate was refused, and tells why', async () => {
    const service = answered({ text: 'old', status: 'COMPLETE' });
    service.stored.push(
      message({ id: 'm1-2', parentId: 'm1-0', text: 'new', status: 'COMPLETE', end: receipt('new') }),
    );
    service.answers.regenerateMessage = () => new ChatError('CONFLICT');
    const page = await openPage({ path: '/c/c1', service });
    await page.acknowledge();
    await page.click('Previous answer');
    await page.click('Regenerate');
    expect(answerRow().textContent).toContain('old');
    expect(within(answerRow()).getByRole('alert').textContent).toContain('conflicts');
  });

  it('keeps focus on the choice of versions when the answer ends', async () => {
    const service = answered({ text: 'old', status: 'COMPLETE' });
    service.stored.push(message({ id: 'm1-2', parentId: 'm1-0' }));
    const page = await openPage({ path: '/c/c1', service });
    await page.acknowledge();
    screen.getByRole('button', { name: 'Previous answer' }).focus();
    const running = { messageId: 'm1-2' };
    await page.hear(
      batch(running),
      batch({ ...running, seq: 1, text: 'new' }),
      batch({ ...running, seq: 2, offset: 3, end: receipt('new') }),
    );
    expect(names(answerRow())).toEqual(['Copy', 'Regenerate', 'Previous answer', 'Next answer']);
    expect(document.activeElement?.getAttribute('aria-label')).toBe('Previous answer');
  });

  it('brings a refused text back to the composer', async () => {
    const page = await openPage();
    page.service.answers.sendMessage = () => new ChatError('NOT_FOUND');
    await page.acknowledge();
    await page.send('not for you');
    expect(page.box().value).toBe('not for you');
    expect(screen.getByRole('alert').textContent).toContain('Your message was not sent');
    expect(page.storage.kept.get('appsync-chat:draft:c1')).toBe('not for you');
    expect(Object.keys(page.shared)).toEqual([]);
  });

  it('keeps a draft through a reload, each conversation its own', async () => {
    const storage = memoryStorage({ 'appsync-chat:draft:c1': 'half', 'appsync-chat:draft:new': 'fresh' });
    expect((await openPage({ path: '/c/c1', storage })).box().value).toBe('half');
  });

  /** What the tabs share after a reload that cut off a send. */
  async function cutOff(): Promise<Storage> {
    const shared = sharedStorage();
    const send = { clientMessageId: 'kept-id', text: 'cut off', parentId: 'm0-1' };
    await keptSends(
      () => Promise.resolve('somebody'),
      () => shared,
    ).keep('c1', send);
    return shared;
  }

  it('sends again, under the same id, what a reload cut off', async () => {
    const page = await openPage({ path: '/c/c1', shared: await cutOff() });
    expect(screen.getByRole('article', { name: /^You/ }).textContent).toContain('Sending…');
    await page.acknowledge();
    const sends = page.service.requests.filter(({ field }) => field === 'sendMessage');
    expect(sends.map(({ variables }) => variables.input)).toMatchObject([
      { clientMessageId: 'kept-id', text: 'cut off', parentId: 'm0-1' },
    ]);
    expect(Object.keys(page.shared)).toEqual([]);
  });

  it('says why a text was refused after a reload, and sends it anew or discards it', async () => {
    const page = await openPage({ path: '/c/c1', shared: await cutOff() });
    page.service.answers.sendMessage = () => new ChatError('MODEL_NOT_ALLOWED');
    await page.acknowledge();
    const question = () => screen.getByRole('article', { name: /^You/ });
    expect(within(question()).getByRole('alert').textContent).toContain('Not sent. This model');
    expect(question().textContent).not.toContain('Sending');
    await page.click('Try again');
    expect(page.box().value).toBe('cut off');
    expect(Object.keys(page.shared)).toEqual([]);
  });

  it('discards a text that was refused after a reload', async () => {
    const page = await openPage({ path: '/c/c1', shared: await cutOff() });
    page.service.answers.sendMessage = () => new ChatError('MODEL_NOT_ALLOWED');
    await page.acknowledge();
    await page.click('Discard');
    expect(screen.queryByRole('article', { name: /^You/ })).toBeNull();
    expect(Object.keys(page.shared)).toEqual([]);
  });

  it('says that an address names no conversation', async () => {
    await openPage({ path: '/c/no%20id' });
    expect(screen.getByText('No such conversation')).toBeTruthy();
    expect(screen.queryByRole('textbox', { name: 'Message' })).toBeNull();
    fireEvent.click(screen.getByRole('link', { name: 'Start a new conversation' }));
    await act(settled);
    expect(screen.getByRole('textbox', { name: 'Message' })).toBeTruthy();
  });

  it('says who uses it, and offers the playground key to those who do not use it', async () => {
    const page = await openPage();
    await page.click('Account');
    const dialog = () => screen.getByRole('dialog', { name: 'Account' });
    expect(dialog().textContent).toContain('You use the playground key.');
    expect(screen.queryByRole('button', { name: 'Use the playground key' })).toBeNull();
    fireEvent.change(screen.getByRole('textbox', { name: 'User name' }), { target: { value: 'alice' } });
    await page.click('Sign in');
    await page.click('Account');
    expect(dialog().textContent).toContain('You are signed in as alice.');
    await page.click('Use the playground key');
    await page.click('Account');
    expect(dialog().textContent).toContain('You use the playground key.');
  });

  it('says that sign-in was refused, keeps the text, and leads back', async () => {
    const service = new FakeService();
    service.answers.messages = () => new ChatError('UNAUTHENTICATED');
    service.answers.sendMessage = () => new ChatError('UNAUTHENTICATED');
    const page = await openPage({ service });
    await page.click('Account');
    fireEvent.change(screen.getByRole('textbox', { name: 'User name' }), { target: { value: 'alice' } });
    await page.click('Sign in');
    await act(async () => {
      service.current.observer.onLost(new ChatError('UNAUTHENTICATED'));
      await settled();
    });
    expect(screen.getByRole('alert').textContent).toContain('Sign-in was refused');
    await page.send('still here');
    expect(page.box().value).toBe('still here');
    service.answers.messages = () => ({ items: [], nextToken: null });
    await page.click('Go on with the playground key');
    expect(page.users.kept.size).toBe(0);
  });

  it('shows that the service is down, keeps what is sent, and delivers it when it is back', async () => {
    const service = new FakeService();
    const down = () => new ChatError('NETWORK');
    service.answers.messages = down;
    service.answers.sendMessage = down;
    const page = await openPage({ path: '/c/c1', service });
    await screen.findByText('Offline');
    await page.send('wait for it');
    await act(() => page.clock.advance(6_000));
    expect(screen.getByText(/Not sent yet/)).toBeTruthy();
    expect(screen.getByRole('log').textContent).toContain('wait for it');
    service.answers.messages = () => ({ items: [], nextToken: null });
    service.answers.sendMessage = accept;
    await act(() => page.clock.advance(30_000));
    expect(screen.queryByText(/Not sent yet/)).toBeNull();
    expect(answerRow().getAttribute('aria-busy')).toBe('true');
  });

  it('asks for its settings until it gets them', async () => {
    let calls = 0;
    await openPage({
      loadConfig: () =>
        (calls += 1) === 1
          ? Promise.reject(new TypeError('down'))
          : Promise.resolve({ endpoint: 'http://127.0.0.1:4000/graphql', apiKey: 'k' }),
    });
    expect(screen.getByRole('status').textContent).toContain('Trying again');
    expect(await screen.findByRole('textbox', { name: 'Message' }, { timeout: 5_000 })).toBeTruthy();
  });
});
