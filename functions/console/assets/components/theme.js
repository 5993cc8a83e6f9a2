// Light, dark, or as the system has it.
import { effect, html, signal } from "../vendor.js";

const KEY = "dlr.theme";
const THEMES = { auto: "light dark", light: "light", dark: "dark" };

export const theme = signal(localStorage.getItem(KEY) in THEMES ? localStorage.getItem(KEY) : "auto");

effect(() => {
  document.documentElement.style.colorScheme = THEMES[theme.value];
  localStorage.setItem(KEY, theme.value);
});

export function ThemeChoice() {
  return html`<select class="plain" aria-label="Colours" value=${theme.value} onChange=${(event) => (theme.value = event.target.value)}>
    <option value="auto">As the system</option>
    <option value="light">Light</option>
    <option value="dark">Dark</option>
  </select>`;
}
