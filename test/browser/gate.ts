import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { freePorts } from '../../bench/free-ports.ts';

/** A way to a service that can be closed: while it is, connections are refused as if the service were down. */
export interface Gate {
  readonly port: number;
  /** Cuts every connection and refuses new ones. */
  shut(): Promise<void>;
  /** Lets connections through again, on the same port. */
  open(): Promise<void>;
}

/** Puts an open gate on a free port of 127.0.0.1 before a port of it. */
export async function startGate(servicePort: number): Promise<Gate> {
  const sockets = new Set<Socket>();
  let server: Server | undefined;
  const join = (socket: Socket, other: Socket) => {
    sockets.add(socket);
    socket.on('close', () => {
      sockets.delete(socket);
      other.destroy();
    });
    // An error is followed by close.
    socket.on('error', () => undefined);
    socket.pipe(other);
  };
  const listen = async (port: number) => {
    server = createServer((socket) => {
      const service = connect(servicePort, '127.0.0.1');
      join(socket, service);
      join(service, socket);
    });
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  };
  // One that no other socket gets while the gate is shut.
  const port = await freePorts();
  await listen(port);
  return {
    port,
    async shut() {
      const shutting = server;
      server = undefined;
      if (!shutting) return;
      const closed = once(shutting, 'close');
      shutting.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
    async open() {
      if (!server) await listen(port);
    },
  };
}
