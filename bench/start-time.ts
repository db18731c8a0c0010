/**
 * How long does `npm start` take to ready, dependencies installed?
 *
 * Criteria: `npm start -- --port <free> --memory` as typed in a shell (system Node and npm, then the pinned Node), from the start
 * of npm to the ready banner, which comes only when each part answers. 3 runs, each ended before the next; the median counts.
 * Target: <= 8 s.
 */
import { npmStart } from './npm-start.ts';
import { answer } from './report.ts';
import { median } from './statistics.ts';

const RUNS = 3;

await answer('start-time', async () => {
  const seconds: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    const stack = await npmStart();
    seconds.push(stack.readySeconds);
    await stack.stop();
  }
  return {
    figures: [
      { name: 'npm start to ready, median', value: median(seconds), unit: 's', target: 8 },
      { name: 'slowest run', value: Math.max(...seconds), unit: 's' },
    ],
    samples: { readySeconds: seconds },
    notes: [`${seconds.length} of ${RUNS} starts got ready and stopped`],
  };
});
