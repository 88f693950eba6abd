import {
  Alert,
  Button,
  Group,
  SegmentedControl,
  Skeleton,
  Stack,
  Text,
  Textarea,
  Title,
} from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { ApiError } from '@/shared/api/errors';
import type { DeadLetter } from '@/shared/api/types';
import { t } from '@/shared/i18n/console';
import { number } from '@/shared/i18n/console/format';
import { ChangeButton } from '@/shared/session/change-button';
import { Confirm } from '@/shared/ui/confirm';
import { Facts } from '@/shared/ui/facts';
import { tell, tellError } from '@/shared/ui/notify';
import { Panel } from '@/shared/ui/panel';
import { EmptyState, Failure } from '@/shared/ui/states';
import { When } from '@/shared/ui/when';
import { dryRun, letterQuery, remove, replay } from './api';

type Props = { id: string | undefined; onClose: () => void };

export function LetterPanel({ id, onClose }: Props) {
  return (
    <Panel opened={id !== undefined} onClose={onClose} title={t.deadLetters.panel}>
      {id !== undefined && <Loaded key={id} id={id} onClose={onClose} />}
    </Panel>
  );
}

function Loaded({ id, onClose }: { id: string; onClose: () => void }) {
  const { data, error, refetch } = useQuery(letterQuery(id));
  if (error instanceof ApiError && error.status === 404) {
    return <EmptyState title={t.deadLetters.panel} text={t.deadLetters.gone} />;
  }
  if (error && !data) return <Failure error={error} onRetry={refetch} />;
  return data ? <Letter letter={data} onGone={onClose} /> : <Skeleton height={240} />;
}

/** What a dry run said, and of which text: the message's own where it is none. */
type Outlook = { of: string | null; acceptable: boolean; fault?: string | null };

/** One message: what is wrong with it, its body, and the ways out. */
function Letter({ letter, onGone }: { letter: DeadLetter; onGone: () => void }) {
  const client = useQueryClient();
  const [correction, setCorrection] = useState<string | null>(null);
  const [outlook, setOutlook] = useState<Outlook | null>(null);
  const [deleting, setDeleting] = useState(false);
  const [sending, setSending] = useState(false);
  const body = correction ?? undefined;

  async function read(): Promise<boolean> {
    const found = await dryRun(letter.id, body);
    setOutlook({ of: correction, ...found });
    return found.acceptable;
  }

  async function sendBack() {
    setSending(true);
    try {
      if (!(await read())) return;
      await replay(letter.id, body);
      tell(t.deadLetters.replayed(1, number(1)));
      await leave();
    } catch (error) {
      tellError(error);
    } finally {
      setSending(false);
    }
  }

  async function leave() {
    onGone();
    // Whoever comes back to it asks again; the panel, which is still there for a moment, does not.
    const { queryKey } = letterQuery(letter.id);
    await client.invalidateQueries({ queryKey, refetchType: 'none' });
    await client.invalidateQueries({ queryKey: ['dead-letters'] });
  }

  return (
    <Stack gap="lg">
      <Alert color="danger" variant="light" title={t.deadLetters.cause}>
        <Text size="sm" dir="ltr" className="breakable">
          {letter.cause}
        </Text>
      </Alert>
      <Facts
        items={[
          [
            t.deadLetters.queue,
            <span key="queue" dir="ltr">
              {letter.queue}
            </span>,
          ],
          [
            t.deadLetters.message,
            <span key="id" dir="ltr">
              {letter.message_id}
            </span>,
          ],
          [t.deadLetters.attempts, number(letter.attempts)],
          [t.deadLetters.firstFailed, <When key="first" at={letter.first_failed_at} />],
          [t.deadLetters.died, <When key="died" at={letter.dead_at} />],
          [t.deadLetters.by, letter.by],
        ]}
      />
      {correction === null ? (
        <Body text={letter.body} />
      ) : (
        <Textarea
          className="code-input"
          dir="ltr"
          label={t.deadLetters.body}
          autosize
          minRows={12}
          maxRows={28}
          spellCheck={false}
          value={correction}
          readOnly={sending}
          onChange={(event) => setCorrection(event.currentTarget.value)}
        />
      )}
      <div role="status">
        {outlook?.of === correction && (
          <Alert variant="light" color={outlook.acceptable ? 'ink' : 'danger'}>
            {outlook.acceptable
              ? t.deadLetters.acceptable
              : t.deadLetters.fault(outlook.fault ?? '')}
          </Alert>
        )}
      </div>
      <Group gap="sm">
        <ChangeButton onClick={sendBack}>
          {correction === null ? t.deadLetters.replayOne : t.deadLetters.replayCorrected}
        </ChangeButton>
        <ChangeButton variant="default" onClick={() => read().catch(tellError)}>
          {t.deadLetters.check}
        </ChangeButton>
        {correction === null ? (
          <ChangeButton
            variant="default"
            onClick={() => setCorrection(pretty(letter.body) ?? letter.body)}
          >
            {t.deadLetters.edit}
          </ChangeButton>
        ) : (
          <Button variant="default" onClick={() => setCorrection(null)}>
            {t.deadLetters.reset}
          </Button>
        )}
        <ChangeButton variant="subtle" color="danger" onClick={() => setDeleting(true)}>
          {t.deadLetters.deleteOne}
        </ChangeButton>
      </Group>
      <Confirm
        opened={deleting}
        onClose={() => setDeleting(false)}
        title={t.deadLetters.deleteOneTitle}
        button={t.deadLetters.deleteButton(number(1))}
        onConfirm={async () => {
          await remove(letter.id);
          tell(t.deadLetters.deleted(1, number(1)));
          await leave();
        }}
      >
        {t.deadLetters.deleteText}
      </Confirm>
    </Stack>
  );
}

/** The body, laid out to be read, or byte for byte. */
function Body({ text }: { text: string }) {
  const readable = pretty(text);
  const [view, setView] = useState<'readable' | 'raw'>('readable');
  return (
    <section>
      <Group justify="space-between" mb="xs">
        <Title order={3} size="h5">
          {t.deadLetters.body}
        </Title>
        {readable !== null && (
          <SegmentedControl
            size="xs"
            aria-label={t.deadLetters.body}
            value={view}
            onChange={(value) => setView(value as typeof view)}
            data={[
              { value: 'readable', label: t.deadLetters.readable },
              { value: 'raw', label: t.deadLetters.raw },
            ]}
          />
        )}
      </Group>
      {readable === null && (
        <Text size="sm" c="dimmed" mb="xs">
          {t.deadLetters.notJson}
        </Text>
      )}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be reached by keyboard. */}
      <pre className="code-block" dir="ltr" tabIndex={0}>
        {readable !== null && view === 'readable' ? readable : text}
      </pre>
    </section>
  );
}

/** JSON on lines of its own; `null` for what is none. */
function pretty(text: string): string | null {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return null;
  }
}
