import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';

/** Whether a request may use the switches; `headers` are what CORS adds to its answer, whatever the answer is. */
export type SwitchAccess =
  { isAllowed: true; headers: Readonly<Record<string, string>> } | { isAllowed: false; reason: string };

const LOOPBACK: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

function hostnameOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).hostname : undefined;
}

function isAddress(hostname: string): boolean {
  return isIP(hostname.replace(/^\[|\]$/g, '')) !== 0;
}

/**
 * Judges by the `Host` and `Origin` headers. `ownHost` is what the stack was started with. A request without an origin
 * (curl, a server) is allowed.
 *
 * The switches hand out tokens and need no credential, and every page in the browser of whoever runs the stack can reach
 * loopback. So:
 * - A foreign origin is refused before anything runs, not only left without CORS headers: a `text/plain` POST needs no
 *   preflight and would have its effect although its answer stays unread.
 * - `Host` must be an address, `localhost` or `ownHost`: a foreign name that was rebound to 127.0.0.1 makes its page
 *   same-origin, but still sends that name. An address cannot be rebound.
 * - The origin's port is free: the web page listens on a port of its own, and so does a page under development.
 */
export function switchAccess({ headers }: Pick<IncomingMessage, 'headers'>, ownHost: string): SwitchAccess {
  const own = ownHost.includes(':') ? `[${ownHost}]` : ownHost;
  const called = hostnameOf(`http://${headers.host ?? ''}`);
  if (called === undefined || !(isAddress(called) || LOOPBACK.has(called) || called === own))
    return {
      isAllowed: false,
      reason: 'call the switches by 127.0.0.1, localhost or the host given by --host',
    };
  const { origin } = headers;
  if (origin === undefined) return { isAllowed: true, headers: { vary: 'origin' } };
  const hostname = hostnameOf(origin);
  // The called host covers a stack on 0.0.0.0: its page and its switches have the same address.
  if (hostname === undefined || !(LOOPBACK.has(hostname) || hostname === own || hostname === called))
    return { isAllowed: false, reason: 'the switches answer no page of another host' };
  return { isAllowed: true, headers: { vary: 'origin', 'access-control-allow-origin': origin } };
}
