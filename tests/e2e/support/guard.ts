import { type BrowserContext, expect } from '@playwright/test';
import { System } from './system.ts';

const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'";

/** What the browser says of a server that was killed: how it says it depends on the moment. */
export const SERVER_GONE =
  /ERR_(CONNECTION_(REFUSED|RESET|CLOSED)|EMPTY_RESPONSE|SOCKET_NOT_CONNECTED)/;

/**
 * Watches everything that a test opens: no request may leave the origin, no error may come to the
 * console (a breach of the Content-Security-Policy comes there), no dialog may open.
 */
export class Guard {
  readonly #complaints: string[] = [];
  readonly #tolerated: RegExp[] = [];
  #over = false;
  /** Cookies that the test brings about. */
  readonly cookies: string[] = [];

  constructor(context: BrowserContext) {
    context.on('request', (request) => {
      const { protocol, origin } = new URL(request.url());
      if (protocol !== 'data:' && !System.origins.has(origin)) {
        this.#complain(`a request to ${request.url()}`);
      }
    });
    context.on('response', (response) => {
      // A redirect is no page.
      if (!response.request().isNavigationRequest() || response.headers().location) return;
      const policy = response.headers()['content-security-policy'] ?? 'none';
      if (!policy.startsWith(POLICY)) this.#complain(`${response.url()} with ${policy}`);
    });
    context.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') {
        this.#complain(`${message.text()} (${message.location().url})`);
      }
    });
    context.on('weberror', (error) => this.#complain(`uncaught: ${error.error()}`));
    context.on('dialog', async (dialog) => {
      this.#complain(`a dialog: ${dialog.message()}`);
      await dialog.dismiss();
    });
  }

  #complain(what: string): void {
    if (!this.#over) this.#complaints.push(what);
  }

  /** The test is over: what a page says of a server that is stopped after it is no complaint. */
  rest(): void {
    this.#over = true;
  }

  /** Lets pass what the test itself brings about, such as the browser's line about a 422. */
  tolerate(...patterns: RegExp[]): void {
    this.#tolerated.push(...patterns);
  }

  check(): void {
    const tolerated = (complaint: string) =>
      !complaint.includes('/assets/') && this.#tolerated.some((known) => known.test(complaint));
    expect(this.#complaints.filter((complaint) => !tolerated(complaint))).toEqual([]);
  }
}
