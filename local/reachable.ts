import type { IncomingMessage } from 'node:http';

/** Addresses that stand for every interface: no browser can open them. */
const EVERY_INTERFACE = new Set(['0.0.0.0', '[::]']);

/**
 * An address of a listener as the sender of this request can reach it. Differs from the given one only when the listener is on
 * every interface: then the name by which the request came takes the place of the host.
 */
export function reachable(url: string, request: Pick<IncomingMessage, 'headers'>): string {
  const { hostname } = new URL(url);
  if (!EVERY_INTERFACE.has(hostname)) return url;
  const origin = `http://${request.headers.host ?? ''}`;
  return URL.canParse(origin) ? url.replace(hostname, new URL(origin).hostname) : url;
}
