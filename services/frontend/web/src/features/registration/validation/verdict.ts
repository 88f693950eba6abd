/** A text is either fine in this form, or breaks the rule with this code. */
export type Verdict = { normalized: string; code?: never } | { code: string; normalized?: never };
