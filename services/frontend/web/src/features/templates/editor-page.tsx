import {
  Anchor,
  Group,
  Select,
  SimpleGrid,
  Skeleton,
  Stack,
  Text,
  Textarea,
  TextInput,
} from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useBlocker } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { ApiError, asApiError } from '@/shared/api/errors';
import type { Preview, Template } from '@/shared/api/types';
import { t } from '@/shared/i18n/console';
import { dateTime, languageName, number } from '@/shared/i18n/console/format';
import { ChangeButton } from '@/shared/session/change-button';
import { useUnsaved } from '@/shared/session/unsaved';
import { MailViews } from '@/shared/ui/mail-views';
import { tell, tellError } from '@/shared/ui/notify';
import { Page } from '@/shared/ui/page';
import { Failure } from '@/shared/ui/states';
import { type Draft, previewQuery, saveTemplate, sendTest, versionsQuery } from './api';
import { draftOf, draftStore, isSame, type Work } from './draft';

type Props = { name: string; locale: string };

/** The text of one e-mail in one language, and how it looks while it is written. */
export function EditorPage({ name, locale }: Props) {
  const { data, error, refetch } = useQuery(versionsQuery(name, locale));
  const title = t.templates.editor(t.emails.names[name] ?? name, languageName(locale));
  const newest = data?.items[0];
  return (
    <Page title={title}>
      <Anchor renderRoot={(props) => <Link to="/templates" {...props} />} w="fit-content">
        {t.templates.title}
      </Anchor>
      {error && !data && <Failure error={error} onRetry={refetch} />}
      {!error && !newest && <Skeleton height={480} />}
      {newest && data && (
        <Editor key={`${name} ${locale}`} {...{ name, locale, newest, versions: data.items }} />
      )}
    </Page>
  );
}

const begin = (template: Template): Work => ({ base: template, draft: draftOf(template) });

type EditorProps = Props & { newest: Template; versions: Template[] };

function Editor({ name, locale, newest, versions }: EditorProps) {
  const client = useQueryClient();
  const [kept] = useState(() => draftStore(name, locale));
  const [work, setWork] = useState<Work>(() => kept.read() ?? begin(newest));
  const { base, draft } = work;
  const changed = !isSame(draft, base);
  // An untouched text goes along with what others save.
  if (!changed && newest.version > base.version) setWork(begin(newest));
  const [shown] = useDebouncedValue(draft, 350);
  const preview = useQuery(previewQuery(name, locale, shown));
  // A mistake, most often half a word, does not take away what was to be seen before.
  const [seen, setSeen] = useState<Preview | null>(null);
  if (preview.data && preview.data !== seen) setSeen(preview.data);
  const mistakes = asApiError(preview.error);
  useBlocker({
    shouldBlockFn: () => {
      if (changed && !window.confirm(t.templates.leave)) return true;
      kept.clear();
      return false;
    },
    enableBeforeUnload: changed,
  });
  useUnsaved(changed, kept.clear);
  // A session may end before it is saved.
  useEffect(() => {
    if (changed) kept.write(work);
    else kept.clear();
  }, [changed, kept, work]);

  async function save() {
    const overtaken = newest.version > base.version;
    if (overtaken && !window.confirm(t.templates.overtaken(number(newest.version)))) return;
    try {
      const saved = await saveTemplate(name, locale, draft);
      setWork((now) => ({ ...now, base: saved }));
      tell(t.templates.saved(number(saved.version)));
      await client.invalidateQueries({ queryKey: ['templates'] });
    } catch (error) {
      tellError(error);
    }
  }

  function use(version: Template) {
    if (changed && !window.confirm(t.templates.replace)) return;
    setWork((now) => ({ ...now, draft: draftOf(version) }));
  }

  async function test() {
    try {
      const { to, outcome, reply } = await sendTest(name, locale, draft);
      if (outcome === 'sent') tell(t.templates.tested(to));
      else tellError(new ApiError(502, t.templates.testFailed(to, reply)));
    } catch (error) {
      tellError(error);
    }
  }

  const field = (part: keyof Draft) => ({
    label: t.templates[part],
    value: draft[part],
    error: preview.isFetching ? undefined : mistakes.about(part),
    spellCheck: part !== 'html',
    onChange: ({ currentTarget }: { currentTarget: { value: string } }) =>
      setWork((now) => ({ ...now, draft: { ...now.draft, [part]: currentTarget.value } })),
  });

  return (
    <>
      <Group align="flex-end" gap="sm">
        <ChangeButton onClick={save}>{t.templates.save}</ChangeButton>
        <ChangeButton variant="default" onClick={test}>
          {t.templates.test}
        </ChangeButton>
        <Versions versions={versions} onUse={use} />
        <Text c="dimmed" role="status">
          {changed ? t.templates.unsaved : ''}
        </Text>
      </Group>
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
        <Stack className="code-input">
          <TextInput dir="auto" {...field('subject')} />
          <Textarea dir="auto" autosize minRows={8} maxRows={16} {...field('text')} />
          <Textarea dir="ltr" autosize minRows={12} maxRows={24} {...field('html')} />
        </Stack>
        <section aria-label={t.templates.preview}>
          {preview.error && !preview.isFetching && (
            <Text c="var(--danger)" size="sm" mb="sm" role="alert">
              {mistakes.fields.length > 0 ? t.templates.previewFailed : mistakes.message}
            </Text>
          )}
          {seen ? <MailViews {...seen} /> : !preview.error && <Skeleton height={480} />}
        </section>
      </SimpleGrid>
    </>
  );
}

type VersionsProps = { versions: Template[]; onUse: (version: Template) => void };

function Versions({ versions, onUse }: VersionsProps) {
  if (versions.length < 2) return null;
  return (
    <Select
      aria-label={t.templates.versions}
      placeholder={t.templates.versions}
      value={null}
      data={versions.map(({ version, updated_at: at }, n) => ({
        value: String(version),
        label: [
          t.templates.version(number(version)),
          at ? dateTime(at) : t.templates.builtIn,
          ...(n === 0 ? [t.templates.current] : []),
        ].join(' · '),
      }))}
      onChange={(value) => {
        const version = versions.find((known) => String(known.version) === value);
        if (version) onUse(version);
      }}
    />
  );
}
