import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { synthesize } from '../../local/synthesize.ts';

/** A repository whose CDK app is this program. */
function repositoryWith(app: string): string {
  const root = mkdtempSync(join(tmpdir(), 'appsync-chat-synthesize-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, 'infra'));
  writeFileSync(join(root, 'package.json'), '{"type":"module"}');
  writeFileSync(join(root, 'infra/app.ts'), app);
  return root;
}

describe('synthesize', () => {
  it('gives the app its folder, its configuration and whether to write source maps', async () => {
    const root = repositoryWith(
      `import { writeFileSync } from 'node:fs';
       const { CDK_OUTDIR, CDK_CONTEXT_JSON, CHAT_SOURCE_MAPS } = process.env;
       writeFileSync(CDK_OUTDIR!, JSON.stringify([CDK_CONTEXT_JSON, CHAT_SOURCE_MAPS]));`,
    );
    const file = join(root, 'out');
    const read = () => JSON.parse(readFileSync(file, 'utf8')) as unknown;
    await synthesize(file, { models: 'offline' }, { root });
    expect(read()).toEqual(['{"models":"offline"}', 'false']);
    await synthesize(file, {}, { root, withSourceMaps: true });
    expect(read()).toEqual(['{}', 'true']);
  });

  it.each([
    ['does not parse', 'const a = 1;\nclass B {{\n', /^infra\/app\.ts:2$/m, /SyntaxError/],
    [
      'throws',
      "const a = 1;\nfunction fail() {\n  throw new Error('not today');\n}\nfail();\n",
      /^infra\/app\.ts:3$/m,
      /^Error: not today\n {4}at fail \(infra\/app\.ts:3:9\)\n {4}at infra\/app\.ts:5:1$/m,
    ],
  ])(
    'rejects with file and line, and nothing of Node itself, when the app %s',
    async (_, app, place, error) => {
      const root = repositoryWith(app);
      const failed = await synthesize(join(root, 'out'), {}, { root }).catch((cause: unknown) => cause);
      const { message } = failed as Error;

      expect(message).toMatch(/^The CDK app could not be synthesized:\n/);
      expect(message).toMatch(place);
      expect(message).toMatch(error);
      expect(message).not.toMatch(/node:internal|Node\.js v/);
      expect(message).not.toContain(root);
    },
  );

  it('ends the child when it is aborted', async () => {
    const root = repositoryWith(
      "import { writeFileSync } from 'node:fs'; writeFileSync(process.env.CDK_OUTDIR!, String(process.pid)); setInterval(() => {}, 1_000);",
    );
    const file = join(root, 'out');
    const aborting = new AbortController();
    const synthesis = synthesize(file, {}, { root, signal: aborting.signal });
    await expect
      .poll(() => existsSync(file) && Number(readFileSync(file, 'utf8')), { timeout: 15_000 })
      .toBeTruthy();
    const pid = Number(readFileSync(file, 'utf8'));
    aborting.abort();
    await expect(synthesis).rejects.toThrow();
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });
});
