import { retryAfterOf } from '../http/answer';
import { t } from '../i18n/console';
import { sentence } from '../i18n/sentence';

/** A field that the server refused (RFC 9457 problem details, status 422). */
export type FieldError = { field: string; code: string; message: string };

/** A call that was refused, or that nobody answered (`status` 0). */
export class ApiError extends Error {
  readonly status: number;
  readonly fields: readonly FieldError[];
  /** Names the call in the server's log. */
  readonly requestId: string | null;
  /** In seconds, where the server says when to try again. */
  readonly retryAfter: number | null;

  constructor(
    status: number,
    detail: string,
    more: { fields?: FieldError[]; requestId?: string | null; retryAfter?: number | null } = {},
  ) {
    super(detail);
    this.name = 'ApiError';
    this.status = status;
    this.fields = more.fields ?? [];
    this.requestId = more.requestId ?? null;
    this.retryAfter = more.retryAfter ?? null;
  }

  /** What the server says about a field. */
  about(field: string): string | undefined {
    return this.fields.find((error) => error.field === field)?.message;
  }
}

const listeners = new Set<() => void>();

/** Told when the server answers that nobody is logged in. Returns how to stop. */
export function onLoggedOut(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

type Answer<T> = { data?: T; error?: unknown; response: Response };
type ProblemBody = { detail?: string; request_id?: string; errors?: FieldError[] };

/** The body of an answer; throws {@link ApiError} for any other. */
export async function bodyOf<T>(call: Promise<Answer<T>>): Promise<T> {
  const answer = await call.catch(() => null);
  if (answer === null) throw new ApiError(0, '');
  const { data, error, response } = answer;
  if (response.ok) return data as T;
  if (response.status === 401) for (const listener of listeners) listener();
  const problem = (typeof error === 'object' && error !== null ? error : {}) as ProblemBody;
  throw new ApiError(response.status, problem.detail ?? response.statusText, {
    fields: (problem.errors ?? []).map(translated),
    requestId: problem.request_id ?? response.headers.get('X-Request-Id'),
    retryAfter: retryAfterOf(response.headers),
  });
}

/** The services speak English; the console says what it knows in its own language. */
function translated(error: FieldError): FieldError {
  return { ...error, message: sentence(t, error.field, error.code) ?? error.message };
}

/** What a thrown value says, as one of ours. */
export function asApiError(error: unknown): ApiError {
  return error instanceof ApiError ? error : new ApiError(0, '');
}
