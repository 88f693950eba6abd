/** What the page finds in a browser, and tests do not find in jsdom. */

// The clients keep the `fetch` that they find first: this one is the one of the test.
const late: typeof fetch = (...call) =>
  globalThis.fetch === late
    ? Promise.reject(new TypeError('no server'))
    : globalThis.fetch(...call);
globalThis.fetch = late;

// Addresses are those of the page.
globalThis.Request = class extends Request {
  constructor(input: RequestInfo | URL, init?: RequestInit) {
    super(typeof input === 'string' ? new URL(input, location.href) : input, init);
  }
};

globalThis.matchMedia ??= (media) =>
  Object.assign(new EventTarget(), { media, matches: false }) as unknown as MediaQueryList;

globalThis.ResizeObserver ??= class {
  observe() {}
  unobserve() {}
  disconnect() {}
};

Element.prototype.scrollIntoView ??= () => {};

globalThis.scrollTo = () => {};

if (!('fonts' in document)) Object.assign(document, { fonts: new EventTarget() });
