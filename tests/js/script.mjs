// What a JavaScript tool does with the real @ftrack/api client. Prints one JSON document; what differs between two runs
// on equal servers (ids that the client makes, times) is not in it.
//
// node script.mjs SERVER_URL USER KEY
import { Event, Session } from "@ftrack/api";

const [url, user, key] = process.argv.slice(2);
const seen = {};

// A trailing slash makes the client send "//api".
for (const address of [url, `${url}/`]) {
  const session = new Session(address, user, key, { autoConnectEventHub: false });
  await session.initializing;
  seen.types = session.schemas.map((schema) => schema.id).sort();

  const tasks = await session.query("select name, status.name, parent.name from Task order by id limit 4");
  seen.tasks = tasks.data.map((task) => [task.name, task.status.name, task.parent.name]);
  seen.next = tasks.metadata.next;

  const [statuses, types, versions] = await session.call([
    { action: "query", expression: "select name from Status order by name" },
    { action: "query", expression: "select name from Type order by name" },
    { action: "query", expression: "select version, asset.name from AssetVersion order by id limit 5" },
  ]);
  seen.batch = [statuses, types].map((answer) => answer.data.map((row) => row.name));
  seen.versions = versions.data.map((row) => [row.version, row.asset.name]);

  const plain = await session.query("select name, parent.name, project.full_name from Task order by id limit 3", {
    ensureSerializableResponse: true,
  });
  seen.plain = plain.data.map((task) => [task.name, task.parent.name, task.project.full_name]);

  try {
    await session.query("select nonsense from Task");
  } catch (error) {
    seen.error = [error.constructor.name, error.message];
  }
}

const session = new Session(url, user, key, { autoConnectEventHub: false });
await session.initializing;
const shot = (await session.query("select id from Shot order by id limit 1")).data[0];
const type = (await session.query("select id from Type order by name limit 1")).data[0];
const named = async () =>
  (await session.query(`select name from Task where parent_id is "${shot.id}" order by name`)).data.map((row) => row.name);

seen.before = await named();
const created = await session.create("Task", { name: "from script", parent_id: shot.id, type_id: type.id, project_id: (
  await session.query(`select project_id from Shot where id is "${shot.id}"`)).data[0].project_id });
seen.created = await named();
await session.update("Task", [created.data.id], { name: "renamed by script" });
seen.renamed = await named();

// The event hub: an own change comes back as an event, and a query asked at once shows it.
const hub = session.eventHub;
hub.connect();
const updated = new Promise((resolve) => {
  hub.subscribe("topic=ftrack.update", async (event) => {
    if (event.data.entities.some((entity) => entity.entityId === created.data.id)) {
      resolve(await named());
    }
  });
});
const echoed = new Promise((resolve) => {
  hub.subscribe("topic=demo.echo", (event) => resolve(event.data));
});
await new Promise((resolve) => {
  const wait = () => (hub.isConnected() ? resolve() : setTimeout(wait, 10));
  wait();
});
// The hub acknowledges nothing to this client: ask until the subscription is there.
let heard = false;
echoed.then(() => { heard = true; });
while (!heard) {
  await hub.publish(new Event("demo.echo", { said: "hello" }));
  await new Promise((resolve) => setTimeout(resolve, 20));
}
seen.echoed = await echoed;
await session.update("Task", [created.data.id], { name: "renamed again" });
seen.updated = await updated;
await session.delete("Task", [created.data.id]);
seen.deleted = await named();

console.log(JSON.stringify(seen));
process.exit(0);
