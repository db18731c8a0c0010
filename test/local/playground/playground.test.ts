import { describe, expect, it } from 'vitest';
import { createPlayground } from '../../../local/playground/playground.ts';
import { serve } from '../served.ts';

function servePlayground(endpoint = 'http://127.0.0.1:4000/graphql') {
  const playground = createPlayground({ endpoint, apiKey: 'da2-local', region: 'us-east-1' });
  return serve((request, response) => {
    if (!playground(request, response)) response.writeHead(418).end();
  });
}

describe('createPlayground', () => {
  it.each(['/playground', '/playground/', '/playground?from=banner'])('serves Altair at %s', async (path) => {
    const ask = await servePlayground();

    const { status, headers, body } = await ask(path);

    expect(status).toBe(200);
    expect(headers['content-type']).toBe('text/html;charset=utf-8');
    expect(body).toContain('<base href="/playground/">');
    expect(body).toContain('src="initial_options.js"');
  });

  it('serves every file that its page names, from its own folder', async () => {
    const ask = await servePlayground();
    const { body } = await ask('/playground');
    const named = [...body.matchAll(/(?:src|href)="([^"]+\.\w+)"/g)].map(([, name]) => name ?? '');

    const answers = await Promise.all(named.map((name) => ask(`/playground/${name}`, { method: 'HEAD' })));

    expect(named).toContain('main.js');
    expect(named.filter((name) => /^\/|:/.test(name))).toEqual([]);
    expect(named.filter((_name, index) => answers[index]?.status !== 200)).toEqual([]);
  });

  it('presets endpoint, key and the AppSync protocol, and asks for no account', async () => {
    const ask = await servePlayground();

    const { headers, body } = await ask('/playground/initial_options.js');

    expect(headers['content-type']).toBe('text/javascript');
    expect(body).toContain('endpointURL: `http://127.0.0.1:4000/graphql`');
    expect(body).toContain("'x-api-key': `da2-local`");
    expect(body).toContain('initialSubscriptionRequestHandlerId: `app-sync`');
    expect(body).toContain('aws_appsync_graphqlEndpoint: `http://127.0.0.1:4000/graphql`');
    expect(body).toContain('disableAccount: true');
  });

  it('presets the host by which it was reached when the service listens on every interface', async () => {
    const ask = await servePlayground('http://0.0.0.0:4000/graphql');

    const { headers, body } = await ask('/playground/initial_options.js', {
      headers: { host: 'laptop.lan:4000' },
    });

    expect(body).toContain('endpointURL: `http://laptop.lan:4000/graphql`');
    expect(body).not.toContain('0.0.0.0');
    expect(headers['content-security-policy']).toContain(
      "connect-src 'self' http://laptop.lan:4000 ws://laptop.lan:4000;",
    );
  });

  it('lets its page reach nothing but this listener', async () => {
    const ask = await servePlayground();

    const { headers } = await ask('/playground');
    const sources = String(headers['content-security-policy']).matchAll(/(?:https?|wss?):[^ ;]*/g);

    expect(headers['content-security-policy']).toMatch(/^default-src 'self';/);
    expect([...sources].map(String)).toEqual(['http://127.0.0.1:4000', 'ws://127.0.0.1:4000']);
  });

  it.each([
    '/playground/gone.js',
    '/playground/../../package.json',
    '/playground/%2e%2e/%2e%2e/package.json',
  ])('answers 404 to %s', async (path) => {
    const ask = await servePlayground();

    expect((await ask(path)).status).toBe(404);
  });

  it('takes GET and HEAD only, and leaves other paths alone', async () => {
    const ask = await servePlayground();

    expect((await ask('/playground', { method: 'POST' })).status).toBe(405);
    expect((await ask('/playgrounds')).status).toBe(418);
    expect((await ask('/graphql')).status).toBe(418);
  });
});
