import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createWebServer, type PageConfig } from '../../../local/web/server.ts';
import { serve, type Ask } from '../served.ts';

const CONFIG: PageConfig = {
  endpoint: 'http://127.0.0.1:4000/graphql',
  apiKey: 'da2-local',
  tokenUrl: 'http://127.0.0.1:4000/local/token',
  model: { name: 'offline', isOffline: true },
  playgroundUrl: 'http://127.0.0.1:4000/playground',
};
const ENTRY = '<div id="root"></div>';

async function servePage(
  config = CONFIG,
  httpUrl = 'http://127.0.0.1:4001',
): Promise<{ ask: Ask; root: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'appsync-chat-web-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const root = join(folder, 'page');
  await mkdir(join(root, 'assets'), { recursive: true });
  await writeFile(join(root, 'index.html'), ENTRY);
  await writeFile(join(root, 'favicon.svg'), '<svg/>');
  await writeFile(join(root, 'assets/index-Ab_c-9Xz.js'), 'export {};');
  await writeFile(join(folder, 'secret.txt'), 'secret');
  return { ask: await serve(createWebServer({ root, config, httpUrl })), root };
}

describe('createWebServer', () => {
  it.each(['/', '/c/3f0c-1', '/c/3f0c-1?from=link', '/index.html'])(
    'answers %s with the page, to be asked for again',
    async (path) => {
      const { ask } = await servePage();

      const { status, headers, body } = await ask(path);

      expect({ status, body }).toEqual({ status: 200, body: ENTRY });
      expect(headers).toMatchObject({
        'content-type': 'text/html;charset=utf-8',
        'cache-control': 'no-cache',
      });
    },
  );

  it('lets browsers keep hashed assets for good and nothing else', async () => {
    const { ask } = await servePage();

    const hashed = await ask('/assets/index-Ab_c-9Xz.js');
    const plain = await ask('/favicon.svg');
    const fallback = await ask('/assets/index-Ab_c-9Xz');

    expect(hashed.headers['cache-control']).toBe('public, max-age=31536000, immutable');
    expect(hashed.headers['content-type']).toBe('text/javascript');
    expect(plain.headers['cache-control']).toBe('no-cache');
    expect(fallback.headers['cache-control']).toBe('no-cache');
  });

  it.each(['/assets/index-00000000.js', '/gone.css', '/../secret.txt', '/%2e%2e/secret.txt'])(
    'answers 404 to %s',
    async (path) => {
      const { ask } = await servePage();

      expect(await ask(path)).toMatchObject({ status: 404, body: 'Not found\n' });
    },
  );

  it('shows a page that was built while it ran, and 404 before', async () => {
    const { ask, root } = await servePage();
    await rm(root, { recursive: true });

    const before = await ask('/');
    await mkdir(root);
    await writeFile(join(root, 'index.html'), 'new');
    const after = await ask('/');

    expect(before.status).toBe(404);
    expect(after.body).toBe('new');
  });

  it('tells the page where the service is', async () => {
    const { ask } = await servePage();

    const { status, headers, body } = await ask('/config.json');

    expect(status).toBe(200);
    expect(headers).toMatchObject({ 'content-type': 'application/json', 'cache-control': 'no-cache' });
    expect(JSON.parse(body)).toEqual(CONFIG);
  });

  it('names the host by which it was reached when the service listens on every interface', async () => {
    const everywhere = JSON.parse(JSON.stringify(CONFIG).replaceAll('127.0.0.1', '0.0.0.0')) as PageConfig;
    const { ask } = await servePage(everywhere, 'http://0.0.0.0:4001');

    const { headers, body } = await ask('/config.json', { headers: { host: 'laptop.lan:4002' } });

    expect(JSON.parse(body)).toEqual(
      JSON.parse(JSON.stringify(CONFIG).replaceAll('127.0.0.1', 'laptop.lan')),
    );
    expect(headers['content-security-policy']).toContain(
      "connect-src 'self' http://laptop.lan:4000 ws://laptop.lan:4000 http://laptop.lan:4001;",
    );
  });

  it.each(['/', '/config.json', '/gone.js'])(
    'binds %s to its own scripts and the three addresses of the service',
    async (path) => {
      const { ask } = await servePage();

      const { headers } = await ask(path);

      expect(headers).toMatchObject({
        'content-security-policy':
          "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
          "connect-src 'self' http://127.0.0.1:4000 ws://127.0.0.1:4000 http://127.0.0.1:4001; " +
          "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
      });
    },
  );

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('refuses %s', async (method) => {
    const { ask } = await servePage();

    const { status, headers } = await ask('/config.json', { method });

    expect(status).toBe(405);
    expect(headers.allow).toBe('GET, HEAD');
  });

  it.each(['/', '/config.json'])('answers HEAD %s without a body', async (path) => {
    const { ask } = await servePage();

    expect(await ask(path, { method: 'HEAD' })).toMatchObject({ status: 200, body: '' });
  });

  it('answers the whole file to a range that does not fit', async () => {
    const { ask } = await servePage();

    expect(await ask('/favicon.svg', { headers: { range: 'bytes=9-2' } })).toMatchObject({
      status: 200,
      body: '<svg/>',
    });
  });

  it('loses one answer and nothing else when a file cannot be read after all', async () => {
    const { ask, root } = await servePage();
    // Stands for a file that a new build removes between the look and the reading: a socket is there, and cannot be opened.
    const unreadable = createServer().listen(join(root, 'live.css'));
    onTestFinished(() => void unreadable.close());
    await once(unreadable, 'listening');

    await expect(ask('/live.css')).rejects.toThrow('socket hang up');
    expect((await ask('/')).body).toBe(ENTRY);
  });

  it.each(['/%00', '/..%5c..%5csecret.txt', '/%E0%A4%A', `/${'a/'.repeat(3_000)}`, '/__proto__', '//config'])(
    'answers %s with the page, not with an error',
    async (path) => {
      const { ask } = await servePage();

      expect(await ask(path)).toMatchObject({ status: 200, body: ENTRY });
    },
  );

  it('says that a file is the one a browser has', async () => {
    const { ask } = await servePage();
    const { headers } = await ask('/favicon.svg');

    const again = await ask('/favicon.svg', { headers: { 'if-none-match': String(headers.etag) } });

    expect(again).toMatchObject({ status: 304, body: '' });
    expect(again.headers['content-security-policy']).toBe(headers['content-security-policy']);
  });
});
