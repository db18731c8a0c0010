import type { ChatAuth } from '../../client/index.ts';
import { sharedStorage } from '../../test/client/shared-storage.ts';
import { Device } from './device.ts';
import type { Schedule, Turn } from './drawn-schedule.ts';
import { HttpDoor } from './http-door.ts';
import { HttpReader } from './http-reader.ts';
import type { SoakTarget } from './soak-target.ts';

/** Spellings of the loopback address: Amplify shares one socket among all clients of the same endpoint, devices must not. */
const SPELLINGS = ['127.0.0.1', '127.1', '2130706433', '0x7f000001'];

/** Everybody who takes part in one conversation: devices, which are opened one by one, and HTTP readers. */
export class Participants {
  readonly devices: Device[] = [];
  readonly readers: HttpReader[] = [];
  readonly door: HttpDoor;
  readonly #schedule: Schedule;
  readonly #target: SoakTarget;
  readonly #conversationId: string;
  readonly #told: { readonly asked: () => void; readonly resumed: () => void };
  readonly #storage = sharedStorage();

  constructor(
    schedule: Schedule,
    target: SoakTarget,
    conversationId: string,
    told: { readonly asked: () => void; readonly resumed: () => void },
  ) {
    this.#schedule = schedule;
    this.#target = target;
    this.#conversationId = conversationId;
    this.#told = told;
    this.door = new HttpDoor({ httpUrl: target.httpUrl, headers: this.headers });
  }

  /** What names the caller on both doors, for requests past the client library. */
  readonly headers = async (): Promise<Record<string, string>> => {
    if (this.#schedule.auth === 'apiKey') return { 'x-api-key': this.#target.apiKey };
    const token = await this.#token();
    return { authorization: token, 'x-chat-token': token };
  };

  /** Another device, as long as there is room for one. */
  open(): void {
    const spelling = SPELLINGS[this.devices.length];
    if (spelling === undefined) return;
    const device = new Device({
      graphqlUrl: this.#target.graphqlUrl.replace('127.0.0.1', spelling),
      auth: this.#auth(),
      conversationId: this.#conversationId,
      storage: this.#schedule.isOneBrowser ? this.#storage : sharedStorage(),
      asked: this.#told.asked,
    });
    this.devices.push(device);
  }

  /** Counted round. */
  device(index: number): Device {
    const device = this.devices[index % this.devices.length];
    if (!device) throw new Error('No device is open');
    return device;
  }

  /** A reader of a turn's answer, which sends the question itself when the answer has no id yet. */
  reader({ prompt, cuts }: Turn, messageId?: string): HttpReader {
    const options = { door: this.door, conversationId: this.#conversationId, whole: prompt.answer, cuts };
    const reader = new HttpReader({ ...options, resumed: this.#told.resumed }, messageId);
    this.readers.push(reader);
    return reader;
  }

  /** Everybody looks at the page. */
  wake(): void {
    for (const device of this.devices) {
      device.wake();
      device.look();
    }
  }

  close(): void {
    for (const device of this.devices) device.close();
    for (const reader of this.readers) reader.close();
  }

  #auth(): ChatAuth {
    return this.#schedule.auth === 'apiKey'
      ? { type: 'apiKey', apiKey: this.#target.apiKey }
      : { type: 'token', getToken: () => this.#token() };
  }

  #token(): Promise<string> {
    return this.#target.token(`soak-${this.#schedule.seed}`);
  }
}
