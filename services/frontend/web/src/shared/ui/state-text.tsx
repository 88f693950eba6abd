export type StateKind = 'good' | 'busy' | 'bad' | 'idle';

/** A state in words, with a sign beside them whose form differs, not its colour alone. */
export function StateText({ kind, children }: { kind: StateKind; children: string }) {
  return (
    <span className="state" data-kind={kind}>
      {children}
    </span>
  );
}
