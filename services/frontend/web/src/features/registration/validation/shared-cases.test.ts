import cases from '@validation/cases.json';
import { describe, expect, it } from 'vitest';
import type { Field } from '../model/values';
import { fieldError, parseField } from './validate';

type Case = { field: Field; input: string; normalized?: string; code?: string };

describe('the cases shared with the domain crate', () => {
  it.each(cases as Case[])('$field $input', ({ field, input, normalized, code }) => {
    expect(parseField(field, input)).toEqual(code ? { code } : { normalized });
  });

  it('every broken rule has its sentence', () => {
    for (const { field, input, code } of cases as Case[]) {
      expect(Boolean(fieldError(field, input))).toBe(code !== undefined);
    }
  });
});
