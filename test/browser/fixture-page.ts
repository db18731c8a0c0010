import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll } from 'vitest';

const HTML =
  '<!doctype html><html lang="en"><title>Fixture</title><link rel="icon" href="data:,"><script type="module" src="/entry.js"></script></html>';

/** A page of one script on 127.0.0.1. */
export interface FixturePage {
  readonly port: number;
  close(): Promise<void>;
}

/** Bundles `fixtures/<name>.ts` as a browser gets it, and serves a page that runs it. */
export async function startFixturePage(name: string): Promise<FixturePage> {
  const { outputFiles } = await build({
    entryPoints: { entry: fileURLToPath(new URL(`fixtures/${name}.ts`, import.meta.url)) },
    bundle: true,
    splitting: true,
    format: 'esm',
    target: 'es2022',
    outdir: '/',
    write: false,
    logLevel: 'silent',
  });
  const files = new Map(outputFiles.map(({ path, contents }) => [`/${basename(path)}`, contents]));
  const server = createServer((request, response) => {
    const file = files.get(request.url ?? '');
    const isPage = request.url === '/';
    response.writeHead(file || isPage ? 200 : 404, {
      'content-type': file ? 'text/javascript' : 'text/html',
    });
    response.end(file ?? (isPage ? HTML : ''));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** The fixture page of a suite; answers its address under a host name. */
export function useFixturePage(name: string): (host?: string) => string {
  let page: FixturePage | undefined;
  beforeAll(async () => {
    page = await startFixturePage(name);
  });
  afterAll(() => page?.close());
  return (host = '127.0.0.1') => {
    if (!page) throw new Error('The fixture page has not started');
    return `http://${host}:${page.port}/`;
  };
}
