/** People of the demo at its console, as whoever tries it: signed in by a click, one after the other. */

/** Who signs off as what: of each role another one, and none of them has started it. */
export const SIGNERS = [
  { name: 'Bruno Lima', role: 'tech-lead' },
  { name: 'Carla Mendes', role: 'backend-team' },
  { name: 'Diego Alves', role: 'devops' },
  { name: 'Gabriela Dias', role: 'product-owner' },
  { name: 'Elisa Rocha', role: 'qa' },
];

const choose = (page, name) => page.getByRole('button', { name, exact: true }).click();

/** @param decide the address of the decision's page */
export async function signIn(page, { name, decide }) {
  await page.goto(new URL('/', decide).href);
  if (await page.getByRole('button', { name: 'Sign out' }).isVisible()) {
    await choose(page, 'Sign out');
    await page.getByRole('heading', { name: 'Sign out?' }).waitFor();
    await choose(page, 'Sign out');
  }
  await page.goto(decide);
  await page.getByRole('main').getByRole('link', { name: 'Sign in' }).click();
  await choose(page, name);
  await page.getByText(`Signed in as ${name}`).waitFor();
}

/** Of somebody who has signed in. */
export async function signOff(page, { name, role, decide }) {
  await page.goto(decide);
  await page.locator('#answer-approve').check();
  const speaker = page.locator('select[name=speaker]');
  if (await speaker.isVisible()) {
    const option = speaker.locator('option', { hasText: `(${role})` });
    await speaker.selectOption(await option.getAttribute('value'));
  }
  await choose(page, 'Go on to the confirmation');
  await choose(page, 'Approve now');
  await page.getByRole('heading', { name: 'Who are you?' }).waitFor();
  await choose(page, name);
  await page.getByText(`signed off as ${role}`).waitFor();
}
