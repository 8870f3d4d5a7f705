// What is measured in a browser; see `cargo xtask bench paint`.
import { defineConfig } from '@playwright/test';
import tests from './playwright.config.ts';

export default defineConfig({
  ...tests,
  testDir: 'bench',
  workers: 1,
  timeout: 600_000,
});
