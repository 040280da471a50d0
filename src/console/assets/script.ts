import { PASSKEY_SCRIPT } from './passkey-script.js';

/**
 * What a browser does beside showing pages: it counts times on, and shows a page anew that is told to be another. Without
 * it everything is there as well. Nothing that is being filled in, read aloud or opened is taken away.
 */
export const CONSOLE_SCRIPT = `
'use strict';
const ahead = Date.now() - Number(document.body.dataset.now);
const UNITS = [[3600, 'h'], [60, 'min'], [1, 's']];
function duration(milliseconds) {
  let left = Math.max(0, Math.round(milliseconds / 1000));
  if (left === 0) return '0 s';
  const parts = UNITS.map(([size, unit]) => { const amount = Math.floor(left / size); left -= amount * size; return [amount, unit]; });
  const first = parts.findIndex(([amount]) => amount > 0);
  return parts.slice(first, first + 2).filter(([amount]) => amount > 0).map((part) => part.join(' ')).join(' ');
}
setInterval(() => {
  const now = Date.now() - ahead;
  for (const each of document.querySelectorAll('.count')) {
    const { since, until } = each.dataset;
    each.textContent = since === undefined ? duration(Number(until) - now) : duration(now - Number(since));
  }
}, 1000);
const live = document.body.dataset.live;
let isStale = false;
const openOnes = (page) => new Map([...page.querySelectorAll('details[id]')].map(({ id, open }) => [id, open]));
let asServed = openOnes(document);
async function showAnew() {
  const main = document.getElementById('main');
  const isBusy = main.contains(document.activeElement) && document.activeElement.matches('input, select, textarea');
  isStale = isBusy;
  if (isBusy) return;
  const answer = await fetch(location.href, { headers: { Accept: 'text/html' } }).catch(() => undefined);
  if (!answer?.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
  const content = fresh.getElementById('main');
  if (content === null) return;
  const served = openOnes(content);
  for (const { id, open } of document.querySelectorAll('main details[id]')) {
    const other = content.querySelector('#' + CSS.escape(id));
    if (other !== null && open !== asServed.get(id)) other.open = open;
  }
  asServed = served;
  const focused = placeOf(document.activeElement);
  main.replaceChildren(...content.childNodes);
  document.title = fresh.title;
  document.querySelector('footer').replaceWith(fresh.querySelector('footer'));
  if (focused !== undefined) document.querySelector(focused)?.focus({ preventScroll: true });
}
function placeOf(element) {
  if (element.matches('summary')) return '#' + CSS.escape(element.parentElement.id) + ' > summary';
  const link = element.getAttribute('href');
  return link === null ? undefined : 'a[href="' + CSS.escape(link) + '"]';
}
if (live !== undefined && 'EventSource' in window) {
  new EventSource(live).addEventListener('changed', showAnew);
  document.addEventListener('focusout', () => setTimeout(() => isStale && showAnew()));
}
${PASSKEY_SCRIPT}
`.trim();
