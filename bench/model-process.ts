/** The model server in a process of its own, as a model is elsewhere. Forked by `startModelProcess`; ends with its parent. */
import { startModelServer, type ModelServer } from './model-server.ts';
import { machineNow } from './clock.ts';
import type { FromModelProcess, ToModelProcess } from './model-client.ts';

let server: ModelServer | undefined;

function tell(message: FromModelProcess): void {
  if (process.connected) process.send?.(message);
}

process.on('message', (message: ToModelProcess) => {
  if (message.kind === 'start') {
    void startModelServer(message).then((started) => {
      server = started;
      tell({ kind: 'started', baseUrl: started.baseUrl });
    });
  } else {
    const sentAt = server?.sentAt.map((times) => [...times]) ?? [];
    tell({ kind: 'sent', now: machineNow(), sentAt, leftAt: [...(server?.leftAt ?? [])] });
  }
});
process.once('disconnect', () => process.exit(0));
