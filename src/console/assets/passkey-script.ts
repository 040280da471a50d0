/** What a browser does to make a passkey: it asks the device, and sends its answer by the page's own form. */
export const PASSKEY_SCRIPT = `
for (const form of document.querySelectorAll('form[data-create]')) {
  const { answer } = form.elements;
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const told = form.querySelector('[role=status]');
    told.textContent = '';
    try {
      const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(JSON.parse(form.dataset.create));
      const { id, response } = (await navigator.credentials.create({ publicKey })).toJSON();
      const { clientDataJSON, attestationObject } = response;
      answer.value = JSON.stringify({ id, clientDataJSON, attestationObject });
      form.submit();
    } catch (error) {
      const { givenUp, known, failed } = form.dataset;
      const words = { NotAllowedError: givenUp, InvalidStateError: known }[error.name];
      told.textContent = words ?? failed + ' ' + error.message;
    }
  });
}
`.trim();
