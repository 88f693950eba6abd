/** What came back from a call: a body, a refusal (RFC 9457), or nothing at all. */
export type Answer =
  | { kind: 'ok'; body: Json }
  | { kind: 'problem'; status: number; body: Json; requestId: string | null; retryAfter: number }
  | { kind: 'unreachable' };

/** A parsed body of which nothing is known yet. */
export type Json = { readonly [key: string]: unknown };

/** How long to wait where a refusal does not say so, in seconds. */
const DEFAULT_RETRY_AFTER = 10;

/** Calls the server and never throws; a call without an answer after `timeout` ms is unreachable. */
export async function call(url: string, init: RequestInit = {}, timeout = 20_000): Promise<Answer> {
  const aborted = new AbortController();
  const timer = setTimeout(() => aborted.abort(), timeout);
  const abort = () => aborted.abort();
  init.signal?.addEventListener('abort', abort);
  try {
    const response = await fetch(url, { ...init, signal: aborted.signal });
    const body = await readJson(response);
    if (response.ok) return { kind: 'ok', body };
    return {
      kind: 'problem',
      status: response.status,
      body,
      requestId: asText(body.request_id) ?? response.headers.get('X-Request-Id'),
      retryAfter: retryAfterOf(response.headers) ?? DEFAULT_RETRY_AFTER,
    };
  } catch {
    return { kind: 'unreachable' };
  } finally {
    clearTimeout(timer);
    init.signal?.removeEventListener('abort', abort);
  }
}

/** A value if it is a text that says something. */
export function asText(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/** A proxy may answer in HTML: that is an answer without fields. A cut connection throws. */
async function readJson(response: Response): Promise<Json> {
  const text = await response.text();
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null ? (body as Json) : {};
  } catch {
    return {};
  }
}

/** Seconds from a `Retry-After` header (RFC 9110, section 10.2.3), a number or a date; `null` without one. */
export function retryAfterOf(headers: Headers): number | null {
  const header = headers.get('Retry-After');
  if (header === null) return null;
  const seconds = /^\d+$/.test(header.trim())
    ? Number(header)
    : Math.ceil((Date.parse(header) - Date.now()) / 1000);
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds, 1), 86_400) : null;
}
