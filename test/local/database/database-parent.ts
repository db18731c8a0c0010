/** A parent of its own for the test of orphans: starts a database, tells its endpoint, and waits to be killed. */
import { startDatabase } from '../../../local/database/index.ts';

const database = await startDatabase({
  host: '127.0.0.1',
  region: 'us-east-1',
  accountId: '111122223333',
  tables: [],
  principals: [],
});
process.send?.(database.endpoint);
