import { NO_FAULTS } from '../../local/faults/index.ts';
import type { LocalTarget } from '../contract/target.ts';
import type { Gate } from './gate.ts';
import type { WebPage } from './web-page.ts';

/** What happens to a page: it is reloaded, its network goes away, or the service cuts every socket it has. */
export const CUTS = ['reload', 'network', 'sockets'] as const;

export type Cut = (typeof CUTS)[number];

/** A page that is cut off while its first answer runs, and every text of that answer it ever showed. */
export class CutPage {
  readonly #web: WebPage;
  readonly #gate: Gate;
  readonly #target: LocalTarget;
  readonly #shownBefore: string[] = [];

  /** The page reaches the API of `target` through `gate`. */
  constructor(web: WebPage, gate: Gate, target: LocalTarget) {
    this.#web = web;
    this.#gate = gate;
    this.#target = target;
  }

  /** In order, over all loads of the page; of each until the reload was asked for. */
  async everShown(): Promise<readonly string[]> {
    return [...this.#shownBefore, ...(await this.#web.shownTexts(0))];
  }

  /** Waits until the page shows so many units more, cuts it off, and waits until it is live and shows more than before. */
  async growAndCut(units: number, cut: Cut): Promise<void> {
    const grown = (await this.#shownUnits()) + units;
    await this.#shows(grown);
    await this.#cutOff(cut);
    await this.#web.live();
    await this.#shows(Math.max(grown, await this.#shownUnits()) + 1);
  }

  /** Waits until the page shows that the answer is whole. */
  ended(): Promise<void> {
    return this.#web.button('Regenerate').waitFor();
  }

  async #cutOff(cut: Cut): Promise<void> {
    const { appSync } = this.#target.stack;
    const { page, watched } = this.#web;
    switch (cut) {
      case 'reload':
        this.#shownBefore.push(...(await this.#web.shownTexts(0)));
        await page.reload();
        return;
      case 'network':
        await watched.context.setOffline(true);
        // Chromium's emulation refuses new connections and leaves the open ones alone.
        await this.#gate.shut();
        await this.#isCutOff();
        await this.#gate.open();
        await watched.context.setOffline(false);
        return;
      case 'sockets':
        appSync.setFaults({ ...NO_FAULTS, cutSocketsEveryMs: 50 });
        await this.#isCutOff();
        appSync.setFaults(NO_FAULTS);
    }
  }

  #isCutOff(): Promise<void> {
    return this.#web.status.filter({ hasText: /Reconnecting|Offline/ }).waitFor();
  }

  /** Of the newest text since the page was loaded. */
  #shownUnits(): Promise<number> {
    return this.#web.page.evaluate(() => window.shownTexts[0]?.at(-1)?.length ?? 0);
  }

  async #shows(units: number): Promise<void> {
    await this.#web.page.waitForFunction(
      (least) => (window.shownTexts[0]?.at(-1)?.length ?? 0) >= least,
      units,
    );
  }
}
