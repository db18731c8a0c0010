import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const BOOTSTRAP = fileURLToPath(new URL('../../scripts/bootstrap.cjs', import.meta.url));

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'appsync-chat-bootstrap-'));
  mkdirSync(join(folder, 'scripts'));
  copyFileSync(BOOTSTRAP, join(folder, 'scripts/bootstrap.cjs'));
  const root = { name: 'empty', version: '1.0.0' };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(root));
  writeFileSync(
    join(folder, 'package-lock.json'),
    JSON.stringify({ ...root, lockfileVersion: 3, requires: true, packages: { '': root } }),
  );
  writeFileSync(
    join(folder, 'scripts/check.ts'),
    `const words: string[] = process.argv.slice(2);\nconsole.log('checked', process.version, words.join(' '));\n`,
  );
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Runs the bootstrap as an older or other Node would: only what it can see of its process is changed. */
function run(words: string[], pretend = '') {
  const script = `${pretend};process.argv.splice(1, 0, 'bootstrap.cjs');require('./scripts/bootstrap.cjs')`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['-e', script, '--', ...words], {
    cwd: folder,
    encoding: 'utf8',
    env: { PATH: process.env.PATH, HOME: folder, npm_config_cache: join(folder, '.npm') },
    timeout: 60_000,
  });
  return { status, stdout, lines: stderr.split('\n').filter((line) => line.startsWith('appsync-chat:')) };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

const pretendVersion = (version: string) =>
  `Object.defineProperty(process.versions, 'node', { value: '${version}' })`;

describe('scripts/bootstrap.cjs', () => {
  it('installs when nothing is installed, says so, and hands over with the words it was given', () => {
    mkdirSync(join(folder, 'node_modules'));
    const { status, stdout, lines } = run(['test', 'some', 'words']);

    expect(lines).toEqual([expect.stringContaining('installing the pinned dependencies (npm ci)')]);
    expect(stdout).toContain(`checked ${process.version} some words`);
    expect(status).toBe(0);
  });

  it('installs nothing when everything the lock names is there', () => {
    mkdirSync(join(folder, 'node_modules'));
    writeFileSync(join(folder, 'node_modules/.package-lock.json'), JSON.stringify({ packages: {} }));

    expect(run(['test'])).toMatchObject({ status: 0, lines: [] });
  });

  it('runs the Node of node_modules when there is one', () => {
    mkdirSync(join(folder, 'node_modules/.bin'), { recursive: true });
    writeFileSync(join(folder, 'node_modules/.package-lock.json'), JSON.stringify({ packages: {} }));
    symlinkSync(process.execPath, join(folder, 'node_modules/.bin/node'));

    expect(run(['test'], pretendVersion('20.20.2')).stdout).toContain(`checked ${process.version}`);
  });

  it('says in one line which Node it needs when this one is too old', () => {
    const { status, lines } = run(['test'], pretendVersion('18.19.0'));

    expect(lines).toEqual([expect.stringContaining('needs Node 20 or newer')]);
    expect(status).toBe(1);
  });

  it('says in one line what to do on a platform without the bundled Node', () => {
    mkdirSync(join(folder, 'node_modules'));
    writeFileSync(join(folder, 'node_modules/.package-lock.json'), JSON.stringify({ packages: {} }));
    const { status, lines } = run(['test'], pretendVersion('22.1.0'));

    expect(lines).toEqual([expect.stringContaining('please run with Node 24 or newer')]);
    expect(status).toBe(1);
  });

  it('stops with the reason when the install fails', () => {
    writeFileSync(join(folder, 'package-lock.json'), '{');
    const { status, lines } = run(['test']);

    expect(lines.at(-1)).toContain('npm ci failed');
    expect(status).toBe(1);
  });

  it('stops what it started when the shell above it is gone', async () => {
    mkdirSync(join(folder, 'node_modules'));
    writeFileSync(join(folder, 'node_modules/.package-lock.json'), JSON.stringify({ packages: {} }));
    writeFileSync(
      join(folder, 'scripts/check.ts'),
      "process.on('SIGTERM', () => process.exit(0));setInterval(() => undefined, 1_000);console.log(process.pid);",
    );
    const shell = spawn('sh', ['-c', `'${process.execPath}' scripts/bootstrap.cjs test; true`], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [line] = (await once(shell.stdout, 'data')) as [Buffer];
    const started = Number(line.toString());
    shell.kill('SIGTERM');

    await expect.poll(() => isAlive(started), { timeout: 4_000 }).toBe(false);
  });

  it('keeps what was compiled until it has grown too large, and begins it anew then', () => {
    const compiled = join(folder, 'node_modules/.cache/compile/v24');
    mkdirSync(compiled, { recursive: true });
    writeFileSync(join(folder, 'node_modules/.package-lock.json'), JSON.stringify({ packages: {} }));
    const write = (name: string, bytes: number) => {
      writeFileSync(join(compiled, name), '');
      truncateSync(join(compiled, name), bytes);
    };
    write('one', 200 * 1024 * 1024);
    expect(run(['test']).status).toBe(0);
    expect(existsSync(join(compiled, 'one'))).toBe(true);

    write('other', 57 * 1024 * 1024);
    expect(run(['test']).status).toBe(0);
    expect([existsSync(join(compiled, 'one')), existsSync(join(compiled, 'other'))]).toEqual([false, false]);
  });

  it('refuses an unknown command', () => {
    expect(run(['nonsense'])).toMatchObject({
      status: 1,
      lines: [expect.stringContaining('unknown command')],
    });
  });
});
