import {
  Anchor,
  Button,
  type CSSVariablesResolver,
  createTheme,
  Drawer,
  type MantineColorSchemeManager,
  Modal,
  Paper,
  Table,
} from '@mantine/core';

/** The tokens of the public page, as the components take them. */
export const theme = createTheme({
  fontFamily: '"Inter Variable", "Inter Fallback", system-ui, sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", Menlo, Consolas, monospace',
  headings: { fontWeight: '600', sizes: { h1: { fontSize: '1.5rem', lineHeight: '2rem' } } },
  primaryColor: 'ink',
  primaryShade: { light: 7, dark: 3 },
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
  colors: {
    ink: [
      '#eef2ff',
      '#dfe6ff',
      '#bfccff',
      '#a3b5ff',
      '#7f95f5',
      '#5a73e0',
      '#3d58cc',
      '#2846b8',
      '#1d3592',
      '#142668',
    ],
    danger: [
      '#fdeceb',
      '#fad7d4',
      '#f5b5b0',
      '#ff9f94',
      '#ec7b72',
      '#dc5148',
      '#c73a31',
      '#b3261e',
      '#8f1d17',
      '#651310',
    ],
  },
  components: {
    Anchor: Anchor.extend({ defaultProps: { underline: 'hover' } }),
    Button: Button.extend({
      defaultProps: { size: 'sm' },
      // The accent is light in the dark: what stands on it is not always white.
      vars: (_theme, { variant = 'filled' }) => ({
        root: variant === 'filled' ? { '--button-color': 'var(--on-accent)' } : {},
      }),
    }),
    Paper: Paper.extend({ defaultProps: { radius: 12 } }),
    Table: Table.extend({ defaultProps: { verticalSpacing: 'sm', horizontalSpacing: 'md' } }),
    ModalRoot: Modal.Root.extend({
      defaultProps: { centered: true, transitionProps: { duration: 120 } },
    }),
    DrawerRoot: Drawer.Root.extend({
      defaultProps: { size: 'lg', transitionProps: { duration: 120 }, padding: 'lg' },
    }),
  },
});

/** Both themes by the same names: the tokens know which one it is. */
const TOKENS = {
  '--mantine-color-body': 'var(--surface)',
  '--mantine-color-text': 'var(--ink)',
  '--mantine-color-bright': 'var(--ink)',
  '--mantine-color-dimmed': 'var(--ink-soft)',
  '--mantine-color-anchor': 'var(--accent)',
  '--mantine-color-placeholder': 'var(--ink-soft)',
  '--mantine-color-error': 'var(--danger)',
  '--mantine-color-default': 'var(--field)',
  '--mantine-color-default-hover': 'var(--hover)',
  '--mantine-color-default-color': 'var(--ink)',
  '--mantine-color-default-border': 'var(--line)',
  '--mantine-color-ink-filled': 'var(--accent)',
  '--mantine-color-ink-filled-hover': 'var(--accent-strong)',
  '--mantine-color-danger-text': 'var(--danger)',
  '--mantine-color-danger-light-color': 'var(--danger)',
  '--mantine-color-danger-filled': 'var(--danger)',
};

export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: TOKENS,
  dark: TOKENS,
});

const KEY = 'userstream.theme';

/** Hears what another tab chooses. */
let heard: (event: StorageEvent) => void = () => {};

/** Shares the theme with the public page, whose script applies it before the first paint. */
export const colorSchemeManager: MantineColorSchemeManager = {
  get: (fallback) => {
    try {
      const kept = localStorage.getItem(KEY);
      return kept === 'light' || kept === 'dark' ? kept : fallback;
    } catch {
      return fallback;
    }
  },
  set: (value) => {
    const root = document.documentElement;
    if (value === 'auto') delete root.dataset.theme;
    else root.dataset.theme = value;
    try {
      localStorage.setItem(KEY, value === 'auto' ? 'system' : value);
    } catch {
      // Then it holds for this page only.
    }
  },
  subscribe: (onUpdate) => {
    heard = ({ key }) => key === KEY && onUpdate(colorSchemeManager.get('auto'));
    addEventListener('storage', heard);
  },
  unsubscribe: () => removeEventListener('storage', heard),
  clear: () => localStorage.removeItem(KEY),
};
