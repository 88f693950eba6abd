/** A button that does nothing just now. It is not `disabled`: that would drop the keyboard focus. */
export const blocked = (is: boolean) => ({ 'data-disabled': is, 'aria-disabled': is });
