/** What a browser does to make a passkey, or to sign by one: it asks the device, and sends its answer by the page's form. */
export const PASSKEY_SCRIPT = `
for (const form of document.querySelectorAll('form[data-create], form[data-get]')) {
  const { answer } = form.elements;
  const { create, get, givenUp, known, failed } = form.dataset;
  const ask = create === undefined
    ? () => navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(JSON.parse(get)) })
    : () => navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(JSON.parse(create)) });
  form.addEventListener('submit', async (event) => {
    if (event.submitter?.name) return;
    event.preventDefault();
    const told = form.querySelector('[role=status]');
    told.textContent = '';
    try {
      const { id, response } = (await ask()).toJSON();
      const { clientDataJSON, attestationObject, authenticatorData, signature } = response;
      const proof = create === undefined ? { authenticatorData, signature } : { attestationObject };
      answer.value = JSON.stringify({ id, clientDataJSON, ...proof });
      form.submit();
    } catch (error) {
      const words = { NotAllowedError: givenUp, InvalidStateError: known }[error.name];
      told.textContent = words ?? failed + ' ' + error.message;
    }
  });
}
`.trim();
