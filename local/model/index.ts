export { startOfflineModel, type OfflineModel, type OfflineModelOptions } from './offline-model.ts';
export type { JournalledRequest, RequestJournal, RequestOutcome } from './request-journal.ts';
