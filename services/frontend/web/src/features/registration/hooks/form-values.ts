import { TRAP } from '../components/trap';
import type { Values } from '../model/values';

export function readValues(form: HTMLFormElement): Values {
  const data = new FormData(form);
  const value = (field: string) => String(data.get(field) ?? '');
  return { name: value('name'), surname: value('surname'), email: value('email') };
}

/** Empties the field that people do not see; whether a program, or a browser's helper, had filled it in. */
export function springTrap(form: HTMLFormElement): boolean {
  const trap = form.elements.namedItem(TRAP);
  if (!(trap instanceof HTMLInputElement) || trap.value === '') return false;
  trap.value = '';
  return true;
}
