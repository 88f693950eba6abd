import { randomUuid } from '@/shared/lib/uuid';
import { sameValues, type Values } from './values';

/**
 * Hands out `Idempotency-Key`s: the same one while the same values are tried again, so that an
 * answer lost on the way registers nobody twice.
 */
export class IdempotencyKeys {
  #last: { values: Values; key: string } | null = null;

  keyFor(values: Values): string {
    if (!this.#last || !sameValues(this.#last.values, values)) {
      this.#last = { values, key: randomUuid() };
    }
    return this.#last.key;
  }

  /** What comes next is a new registration, even with the same values. */
  forget(): void {
    this.#last = null;
  }
}
