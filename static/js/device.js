// "On this device": upon a click the browser says where it takes messages, and the form hands it in.
const form = document.getElementById("device");
const { point, worker } = form.dataset;

const subscribed = async () => (await navigator.serviceWorker.getRegistration(worker))?.pushManager.getSubscription();

async function subscribe() {
  const registration = await navigator.serviceWorker.register(worker);
  while (!registration.active) await new Promise(requestAnimationFrame);
  // One of before may be another person's, or for a former key.
  await (await subscribed())?.unsubscribe();
  return registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: point });
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    form.elements.given.value = JSON.stringify(await subscribe());
    form.submit();
  } catch {
    form.lastElementChild.hidden = false;
  }
});

if ("PushManager" in window) form.hidden = document.getElementById("own") && (await subscribed());
