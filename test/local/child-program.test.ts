import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runChildProgram } from '../../local/child-program.ts';

async function scratchFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'appsync-chat-child-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

describe('runChildProgram', () => {
  it('answers exit code and output, with this environment and no other', async () => {
    const script = `console.log(process.env.GREETING, Object.keys(process.env).length); process.exitCode = 3;`;

    const result = await runChildProgram(['-e', script], { environment: { GREETING: 'hello' } });

    expect(result).toEqual({ code: 3, output: 'hello 1\n' });
  });

  it('leaves no process when it is aborted, not even one that ignores SIGTERM', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const script = `process.on('SIGTERM', () => {}); require('net').connect(${port}, '127.0.0.1').write(process.pid + '\\n');`;
    const abort = new AbortController();
    const running = runChildProgram(['-e', script], { environment: process.env, signal: abort.signal });
    const refused = expect(running).rejects.toThrow('aborted');
    const [socket] = (await once(server, 'connection')) as [Socket];
    socket.on('error', () => undefined);
    const [said] = (await once(socket, 'data')) as [Buffer];
    const pid = Number(said.toString('utf8'));

    abort.abort();

    await refused;
    expect(pid).toBeGreaterThan(0);
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });

  it('starts nothing when it was aborted before', async () => {
    const folder = await scratchFolder();
    const mark = join(folder, 'mark');
    await writeFile(mark, 'untouched');

    const running = runChildProgram(['-e', `require('fs').rmSync(process.argv[1])`, mark], {
      environment: process.env,
      signal: AbortSignal.abort(),
    });

    await expect(running).rejects.toThrow('aborted');
    expect(await readFile(mark, 'utf8')).toBe('untouched');
  });
});
