// What a web tool does with the real client. Tells the server of the page what it has seen; what differs between two
// runs on equal servers (ids that the client makes, times) is not in it.
import { Session } from "@ftrack/api";

const { server, user, key } = Object.fromEntries(new URLSearchParams(location.search));
const seen = {};

async function work() {
  // The second session asks what the first one did: its answers come from the cache.
  for (const round of ["first", "second"]) {
    const session = new Session(server, user, key, { autoConnectEventHub: false });
    await session.initializing;
    const tasks = await session.query("select name, status.name, parent.name from Task order by id limit 4");
    const [statuses, types] = await session.call([
      { action: "query", expression: "select name from Status order by name" },
      { action: "query", expression: "select name from Type order by name" },
    ]);
    seen[round] = [tasks, statuses, types].map((answer) => answer.data.map((row) => row.name));
    seen[`${round} error`] = await session
      .query("select nonsense from Task")
      .then(() => "none", (error) => [error.constructor.name, error.message]);
  }

  const wrong = new Session(server, user, "wrong", { autoConnectEventHub: false });
  seen.refused = await wrong.initializing.then(() => "none", (error) => [error.constructor.name, error.message]);

  const session = new Session(server, user, key, { autoConnectEventHub: false });
  await session.initializing;
  const task = (await session.query("select id from Task order by id limit 1")).data[0];
  const name = async () => (await session.query(`select name from Task where id is "${task.id}"`)).data[0].name;
  seen.before = [await name(), await name()];
  await session.update("Task", [task.id], { name: "renamed by a page" });
  seen.after = [await name(), await name()];

  const hub = session.eventHub;
  hub.connect();
  while (!hub.isConnected()) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  seen.event = await new Promise((resolve) => {
    hub.subscribe("topic=ftrack.update", async (event) => {
      if (event.data.entities.some((entity) => entity.entityId === task.id)) {
        resolve(await name());
      }
    });
    // The hub acknowledges nothing to this client: change the task until an event comes.
    const change = (number) => session.update("Task", [task.id], { description: `change ${number}` })
      .then(() => setTimeout(change, 100, number + 1));
    change(1);
  });
  seen.picture = await new Promise((resolve) => {
    const picture = new Image();
    picture.onload = () => resolve("shown");
    picture.onerror = () => resolve("broken");
    picture.src = session.thumbnailUrl(null);
  });
}

work()
  .catch((error) => { seen.failed = String(error && error.stack || error); })
  .then(() => fetch("/told", { method: "POST", body: JSON.stringify(seen) }));
