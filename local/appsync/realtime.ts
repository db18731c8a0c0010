import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';
import { messageOf, RequestRefused } from './errors.ts';
import { GRAPHQL_PATH, requestHeaders } from './http.ts';
import { connectCredentials, offeredProtocols, SUB_PROTOCOL } from './realtime-handshake.ts';
import { createConnection } from './realtime-connection.ts';
import type { Meter } from './counters.ts';
import type { ConnectionPorts } from './realtime-connection.ts';

/** Times of the real-time channel; AppSync's own by default. */
export interface RealtimeTimes {
  /** `ka` to every connection this often. Default 60 s. */
  keepAliveEveryMs: number;
  /** A connection lives at most this long. Default 24 h, AppSync's limit. */
  maxConnectionMs: number;
  /** A refused client is told when it speaks or after this time, whichever comes first. Default 250 ms. */
  refusalAfterMs: number;
}

/** AppSync's times. */
export const REALTIME_TIMES: RealtimeTimes = {
  keepAliveEveryMs: 60_000,
  maxConnectionMs: 24 * 60 * 60_000,
  refusalAfterMs: 250,
};

/** What the real-time endpoint needs. */
export interface RealtimePorts extends Omit<ConnectionPorts, 'meter'> {
  meter: Meter;
}

/** The real-time endpoint. */
export interface Realtime {
  /** Takes over an upgrade on `/graphql` or `/graphql/realtime`; false for any other path, which is left alone. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean;
  /** Cuts all connections this often, as a bad network would, and tells how many; 0 = never. */
  cutEvery(ms: number, onCut?: (connections: number) => void): void;
  /** Ends all connections and resolves when they are gone. */
  close(): Promise<void>;
}

// A frame holds one start with its query; AppSync documents no limit of its own.
const MAX_FRAME_BYTES = 1024 * 1024;
const POLICY_VIOLATION = 1008;
const GOING_AWAY = 1001;

/**
 * Accepts connections. A client that offers no `graphql-ws` or is not authorised is let in, told so by `connection_error` and
 * closed, as AppSync does; others may start subscriptions with or without `connection_init`.
 */
export function createRealtime(ports: RealtimePorts, times: RealtimeTimes): Realtime {
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_FRAME_BYTES,
    handleProtocols: (protocols) => (protocols.has(SUB_PROTOCOL) ? SUB_PROTOCOL : false),
  });
  let cutter: NodeJS.Timeout | undefined;

  const authorize = async (request: IncomingMessage): Promise<RequestRefused | undefined> => {
    try {
      if (!offeredProtocols(request).includes(SUB_PROTOCOL)) {
        return new RequestRefused(400, 'NoProtocolError', 'NoProtocolError');
      }
      await ports.identify(connectCredentials(request));
      return undefined;
    } catch (cause) {
      if (cause instanceof RequestRefused) return cause;
      ports.log(`internal failure at a connection: ${messageOf(cause)}`);
      return new RequestRefused(500, 'InternalFailure', 'Internal Failure');
    }
  };

  const refuse = (socket: WebSocket, refusal: RequestRefused): void => {
    const tell = (): void => {
      clearTimeout(timer);
      socket.off('message', tell);
      const error = { ...refusal.toWire(), errorCode: refusal.status };
      socket.send(JSON.stringify({ payload: { errors: [error] }, type: 'connection_error' }));
      socket.close(POLICY_VIOLATION);
    };
    // Clients install their listener after the handshake: an answer to their first message cannot be missed.
    const timer = setTimeout(tell, times.refusalAfterMs);
    socket.on('message', tell);
    socket.on('close', () => clearTimeout(timer));
  };

  const accept = (socket: WebSocket, request: IncomingMessage): void => {
    const meter = ports.meter.connectionOpened();
    const connection = createConnection(socket, request, requestHeaders(request), { ...ports, meter });
    const keepAlive = setInterval(() => connection.keepAlive(), times.keepAliveEveryMs);
    const lifetime = setTimeout(() => socket.close(GOING_AWAY), times.maxConnectionMs);
    keepAlive.unref();
    lifetime.unref();
    socket.on('message', (data: Buffer) => connection.receive(data.toString()));
    socket.on('close', () => {
      clearInterval(keepAlive);
      clearTimeout(lifetime);
      connection.close();
      meter.closed();
    });
  };

  return {
    handleUpgrade(request, socket, head) {
      const path = (request.url ?? '/').split('?', 1)[0];
      if (path !== GRAPHQL_PATH && path !== `${GRAPHQL_PATH}/realtime`) return false;
      // Until ws takes over, a reset of the socket would otherwise be an uncaught error.
      const ignore = (): void => undefined;
      socket.on('error', ignore);
      void authorize(request).then((refusal) => {
        socket.off('error', ignore);
        if (socket.destroyed) return;
        server.handleUpgrade(request, socket, head, (webSocket) => {
          webSocket.on('error', (cause) => ports.log(`a connection failed: ${messageOf(cause)}`));
          if (refusal === undefined) accept(webSocket, request);
          else refuse(webSocket, refusal);
        });
      });
      return true;
    },
    cutEvery(ms, onCut) {
      clearInterval(cutter);
      cutter = undefined;
      if (ms <= 0) return;
      cutter = setInterval(() => {
        onCut?.(server.clients.size);
        for (const socket of server.clients) socket.terminate();
      }, ms);
      cutter.unref();
    },
    close() {
      clearInterval(cutter);
      for (const socket of server.clients) socket.terminate();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
