import { describe, expect, it } from 'vitest';
import { figureLine, latencyFigures, reportLines } from '../../bench/report.ts';

describe('figureLine', () => {
  it('says met up to the target and missed above it', () => {
    const figure = { name: 'added p50', value: 0.5, unit: 'ms', target: 0.5 } as const;

    expect(figureLine(figure)).toMatch(/added p50 +0\.50 ms +target <= 0\.5 ms +met$/);
    expect(figureLine({ ...figure, value: 0.501 })).toMatch(/0\.50 ms +target <= 0\.5 ms +MISSED$/);
  });

  it('says nothing of a target where there is none', () => {
    expect(figureLine({ name: 'slowest', value: 81.26, unit: 'MB' })).toMatch(/slowest +81\.3 MB$/);
  });
});

describe('latencyFigures', () => {
  it('puts each target at its percentile', () => {
    const figures = latencyFigures('token', [1, 2, 3, 4], { p50: 6, p95: 15, max: 20 });

    expect(figures.map(({ name, value, target }) => [name, value, target])).toEqual([
      ['token p50', 2, 6],
      ['token p95', 4, 15],
      ['token p99', 4, undefined],
      ['token max', 4, 20],
    ]);
  });
});

describe('reportLines', () => {
  it('shows why a question has no figure', () => {
    expect(reportLines('idle-memory', { kind: 'skipped', why: 'no /proc' })).toEqual([
      'idle-memory',
      '  SKIPPED: no /proc',
    ]);
    expect(reportLines('sse-latency', { kind: 'failed', why: 'a token was lost' })[1]).toBe(
      '  FAILED: a token was lost',
    );
  });

  it('lists figures, then notes', () => {
    const figures = [{ name: 'ready', value: 3, unit: 's' }] as const;
    const lines = reportLines('start-time', { kind: 'measured', figures, samples: {}, notes: ['3 of 3'] });

    expect(lines).toHaveLength(3);
    expect(lines[2]).toBe('  - 3 of 3');
  });
});
