/** White space as Unicode has it: unlike `trim`, with U+0085 and without U+FEFF. */
const OUTER_SPACE = /^\p{White_Space}+|\p{White_Space}+$/gu;

/**
 * Invisible characters that change how their neighbours are read: controls, bidirectional
 * overrides, zero-width spaces, tags, noncharacters and halves of surrogate pairs. Joiners are not
 * among them: Persian, Hindi and emoji need them.
 */
const CONTROL =
  /[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}\u{ad}\u{200b}\u{2028}\u{2029}\u{202a}-\u{202e}\u{2060}-\u{2064}\u{2066}-\u{2069}\u{feff}\u{fff9}-\u{fffb}\u{e0000}-\u{e007f}]/u;

/** Characters that leave no mark of their own on the page, from the first to the last one. */
const INVISIBLE_ONLY =
  /^(?:\p{White_Space}|\u{200c}|\u{200d}|\u{200e}|\u{200f}|\u{61c}|\p{Variation_Selector}|\u{34f}|\u{115f}|\u{1160}|\u{17b4}|\u{17b5}|\u{180e}|\u{3164}|\u{ffa0}|\u{2800})*$/u;

export const trim = (text: string): string => text.replace(OUTER_SPACE, '');
export const hasControl = (text: string): boolean => CONTROL.test(text);
export const hasSpace = (text: string): boolean => /\p{White_Space}/u.test(text);
export const isInvisible = (text: string): boolean => INVISIBLE_ONLY.test(text);
