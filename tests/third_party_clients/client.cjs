// Uses Microsoft's JavaScript client on a tenant and prints the results as one line of JSON.
// Run it in the folder that contains node_modules: node client.cjs ROOT

const { createRequire } = require("node:module");
const here = createRequire(process.cwd() + "/");
const { Client, PageIterator } = here("@microsoft/microsoft-graph-client");

const root = process.argv[2];
const client = Client.initWithMiddleware({
  baseUrl: root + "/",
  defaultVersion: "v1.0",
  customHosts: new Set([new URL(root).hostname]),
  authProvider: { getAccessToken: async () => "x.y.z" },
});

async function paged() {
  let count = 0;
  const first = await client.api("/users").select("id,displayName").top(100).get();
  const rest = new PageIterator(client, first, () => { count += 1; return true; });
  await rest.iterate();
  return count;
}

async function set_up(seen) {
  const found = await client.api("/applicationTemplates").filter("displayName eq 'Custom'").get();
  const made = await client.api(`/applicationTemplates/${found.value[0].id}/instantiate`).post({ displayName: "Own app" });
  const app = `/applications/${made.application.id}`;
  const sp = `/servicePrincipals/${made.servicePrincipal.id}`;
  const role = { id: "0f0e2d3c-1111-4222-8333-444455556666", displayName: "Admin", description: "Admin", value: "admin",
    isEnabled: true, allowedMemberTypes: ["User"] };
  await client.api(app).patch({ appRoles: [...made.application.appRoles, role] });
  seen.roles = (await client.api(sp).get()).appRoles.map((one) => one.value);

  const ada = (await client.api("/users").filter("userPrincipalName eq 'ada@contoso.com'").get()).value[0];
  const row = await client.api(`${sp}/appRoleAssignedTo`)
    .post({ principalId: ada.id, resourceId: made.servicePrincipal.id, appRoleId: role.id });
  seen.assigned = (await client.api(`${sp}/appRoleAssignedTo`).get()).value.map((one) => one.principalDisplayName);
  await client.api(`${sp}/appRoleAssignedTo/${row.id}`).delete();
  seen.unassigned = (await client.api(`${sp}/appRoleAssignedTo`).get()).value.length;
  return { app, sp };
}

async function provision(seen, sp) {
  const sync = `${sp}/synchronization`;
  const job = `${sync}/jobs/${(await client.api(`${sync}/jobs`).post({ templateId: "scim" })).id}`;
  await client.api(`${sync}/secrets`).put({ value: [
    { key: "BaseAddress", value: "https://own.example/scim" }, { key: "SecretToken", value: "token" }] });
  seen.secrets = (await client.api(`${sync}/secrets`).get()).value;
  const schema = await client.api(`${job}/schema`).get();
  const users = (document) => document.synchronizationRules[0].objectMappings.find((m) => m.sourceObjectName === 'User');
  const rows = users(schema).attributeMappings;
  seen.before = rows.length;
  users(schema).attributeMappings =
    rows.filter((one) => one.targetAttributeName !== "title");
  await client.api(`${job}/schema`).put(schema);
  seen.after = users(await client.api(`${job}/schema`).get()).attributeMappings.length;
  await client.api(`${job}/start`).post();
  seen.state = (await client.api(job).get()).schedule.state;
  await client.api(job).delete();
}

async function refused(path) {
  try {
    await client.api(path).get();
    return null;
  } catch (error) {
    return [error.statusCode, error.code];
  }
}

async function main() {
  const seen = { users: await paged() };
  const { app, sp } = await set_up(seen);
  await provision(seen, sp);
  await client.api(app).delete();
  seen.gone = await refused(sp);
  console.log(JSON.stringify(seen));
}

main().catch((error) => { console.error(error); process.exit(1); });
