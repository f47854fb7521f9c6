// All that a page can send without a key. It must not be able to tell what came of it.
const { server, component, socket } = Object.fromEntries(new URLSearchParams(location.search));
const write = JSON.stringify([{ action: "update", entity_type: "Task", entity_key: ["x"], entity_data: {} }]);
const seen = {};

const outcome = (promise) => promise.then((answer) => answer.type, () => "failed");

const loaded = (make) => new Promise((resolve) => {
  const element = make();
  element.onload = () => resolve("loaded");
  element.onerror = () => resolve("failed");
  document.body.append(element);
});

function posted(type) {
  const form = document.createElement("form");
  Object.assign(form, { action: `${server}/api`, method: "post", enctype: type, target: "nowhere" });
  const field = document.createElement("input");
  Object.assign(field, { name: '[{"action": "', value: 'a new one"}]' });
  form.append(field);
  document.body.append(form);
  return new Promise((resolve) => {
    document.querySelector("iframe").onload = () => resolve("sent");
    form.submit();
  });
}

async function harm() {
  const remove = `${server}/component/remove?id=${component}`;
  for (const credentials of ["omit", "include"]) {
    seen[`post ${credentials}`] = await outcome(
      fetch(`${server}/api`, { method: "POST", mode: "no-cors", credentials, body: write }));
    seen[`read ${credentials}`] = await outcome(fetch(`${server}/-/status`, { credentials }));
  }
  seen.image = await loaded(() => Object.assign(new Image(), { src: remove }));
  seen["silent image"] = await loaded(() => Object.assign(new Image(), { src: remove, referrerPolicy: "no-referrer" }));
  seen.script = await loaded(() => Object.assign(document.createElement("script"), { src: remove }));
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]) {
    seen[type] = await posted(type);
  }
  seen.beacon = navigator.sendBeacon(`${server}/api`, write);
  seen.socket = await new Promise((resolve) => {
    const opened = new WebSocket(`${server.replace("http", "ws")}/socket.io/1/websocket/${socket}`);
    opened.onopen = () => resolve("open");
    opened.onerror = () => resolve("failed");
  });
}

harm()
  .catch((error) => { seen.failed = String(error && error.stack || error); })
  .then(() => fetch("/told", { method: "POST", body: JSON.stringify(seen) }));
