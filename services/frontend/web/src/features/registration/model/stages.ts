/** The stages of a registration, in order; the failed e-mail stands where the sent one would. */
export const STAGES = ['accepted', 'stored', 'email_sent', 'confirmed'] as const;

export type Stage = (typeof STAGES)[number] | 'email_failed';
export type TimelineEntry = { stage: Stage; at: string | null };
export type RegistrationStatus = { status: Stage; timeline: TimelineEntry[] };

export type StepState = 'done' | 'current' | 'waiting' | 'failed';
export type Step = { stage: Stage; state: StepState; at: string | null };

export function isStage(value: unknown): value is Stage {
  return value === 'email_failed' || STAGES.includes(value as (typeof STAGES)[number]);
}

/** The four lines to show: what is done, what is under way and what is to come. */
export function steps({ status, timeline }: RegistrationStatus): Step[] {
  const failed = status === 'email_failed';
  const reached = STAGES.indexOf(failed ? 'email_sent' : status);
  return STAGES.map((stage, index): Step => {
    const shown = failed && stage === 'email_sent' ? 'email_failed' : stage;
    const at = timeline.find((entry) => entry.stage === shown)?.at ?? null;
    if (shown === 'email_failed') return { stage: shown, state: 'failed', at };
    if (index <= reached) return { stage, state: 'done', at };
    return { stage, state: index === reached + 1 && !failed ? 'current' : 'waiting', at: null };
  });
}
