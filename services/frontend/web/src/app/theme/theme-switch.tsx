import { text } from '@/shared/i18n/text';

/** Markup only: `theme.ts`, which every page loads, gives it life and hides it where it cannot run. */
export function ThemeSwitch() {
  return (
    <label className="picker">
      <svg className="picker__icon" viewBox="0 0 16 16" aria-hidden="true">
        <circle cx="8" cy="8" r="6.25" />
        <path d="M8 1.75a6.25 6.25 0 0 1 0 12.5z" />
      </svg>
      <span className="visually-hidden">{text.theme.label}</span>
      <select className="picker__select" data-theme-switch="" autoComplete="off">
        {Object.entries(text.theme.options).map(([value, label]) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </select>
      <svg className="picker__arrow" viewBox="0 0 16 16" aria-hidden="true">
        <path d="m4.5 6.5 3.5 3.5 3.5-3.5" />
      </svg>
    </label>
  );
}
