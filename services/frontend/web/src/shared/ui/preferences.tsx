import { Group, SegmentedControl, Select, Stack, Text, useMantineColorScheme } from '@mantine/core';
import { t } from '../i18n/console';
import { isLanguage, LANGUAGES, pageLanguage, rememberLanguage } from '../i18n/language';

/** Theme and language, remembered by this browser. */
export function Preferences() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <Group align="flex-start" gap="xl">
      <Stack gap={4}>
        <Text size="sm" fw={600} id="theme-label">
          {t.preferences.theme}
        </Text>
        <SegmentedControl
          aria-labelledby="theme-label"
          value={colorScheme}
          onChange={(value) => setColorScheme(value as typeof colorScheme)}
          data={Object.entries(t.preferences.themes).map(([value, label]) => ({ value, label }))}
        />
      </Stack>
      <Select
        label={t.preferences.language}
        value={pageLanguage()}
        allowDeselect={false}
        data={Object.entries(LANGUAGES).map(([value, label]) => ({ value, label }))}
        onChange={(value) => {
          if (!value || !isLanguage(value) || value === pageLanguage()) return;
          rememberLanguage(value);
          location.reload();
        }}
      />
    </Group>
  );
}
