import { describe, expect, it } from 'vitest';
import { bundle, gzipTotal, LIBRARY, LIBRARY_LIMIT_KB } from '../../bench/bundle.ts';

describe('the library without Amplify', () => {
  it('stays within its limit after gzip, what loads on demand included', async () => {
    const library = await bundle(`export * from '${LIBRARY}';`, ['aws-amplify']);

    expect(library.inputs).toContain('client/conversation.ts');
    expect(gzipTotal(library, 'all')).toBeLessThanOrEqual(LIBRARY_LIMIT_KB * 1000);
  });

  it('loads SHA-256 only where the platform has none', async () => {
    const library = await bundle(`export * from '${LIBRARY}';`, ['aws-amplify']);
    const [eager, onDemand] = [true, false].map((isEager) =>
      library.files.filter((file) => file.isEager === isEager),
    );

    expect(eager).toHaveLength(1);
    expect(onDemand).toHaveLength(1);
    expect(gzipTotal(library, 'eager')).toBeLessThan(gzipTotal(library, 'all'));
  });
});

describe('bundle', () => {
  it('rejects with the reason when a module is missing', async () => {
    await expect(bundle("export * from './client/absent.ts';", [])).rejects.toThrow('client/absent.ts');
  });

  it('counts what an application does not import as nothing', async () => {
    const small = await bundle("export const one = 'x';", []);

    expect(small.inputs).toEqual(['application.ts']);
    expect(gzipTotal(small, 'all')).toBeLessThan(60);
  });
});
