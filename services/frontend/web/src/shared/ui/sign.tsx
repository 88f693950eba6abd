/** The sign beside the name, on every page. */
export function Sign() {
  return (
    <svg className="wordmark__sign" viewBox="0 0 24 24" aria-hidden="true">
      <path d="M5 5v7a7 7 0 0 0 14 0" />
      <circle cx="19" cy="5.5" r="2.5" />
    </svg>
  );
}
