/** What stands in a browser's tab: one foot before the other. */
export const CONSOLE_ICON = `
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#1f5fae"/><g fill="none" stroke="#fff" stroke-width="3.5" stroke-linecap="round" stroke-linejoin="round"><path d="M7 24h7v-8h7V9h5"/></g></svg>
`.trim();
