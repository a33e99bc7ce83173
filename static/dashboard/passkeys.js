// A form whose button asks the browser for a passkey, and sends the answer in a hidden field.
const form = document.querySelector('form[data-passkey]');
const button = form.querySelector('button[type="submit"]');
const words = form.querySelector('[data-passkey-words]');
const options = JSON.parse(document.getElementById('passkey-options').textContent).publicKey;

function say(text) {
  words.textContent = text;
  words.hidden = text === '';
}

async function ask() {
  if (form.dataset.passkey === 'create') {
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
    return navigator.credentials.create({ publicKey });
  }
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  return navigator.credentials.get({ publicKey });
}

form.addEventListener('submit', async (event) => {
  if (form.elements.passkey.value !== '') return;
  event.preventDefault();
  if (window.PublicKeyCredential?.parseRequestOptionsFromJSON === undefined) {
    say(form.dataset.unable);
    return;
  }
  say('');
  button.disabled = true;
  try {
    const answer = await ask();
    form.elements.passkey.value = JSON.stringify(answer.toJSON());
    form.submit();
  } catch {
    say(form.dataset.failed);
  } finally {
    button.disabled = false;
  }
});
