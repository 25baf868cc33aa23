// A SCIM server with SCIMMY that stores users and groups in memory, on a free port of this machine. It prints the port.
// Run it in the folder that contains node_modules: node scimmy_host.cjs TOKEN

const { createRequire } = require("node:module");
const { randomUUID } = require("node:crypto");
const here = createRequire(process.cwd() + "/");
const SCIMMY = here("scimmy").default ?? here("scimmy");
const routers = here("scimmy-routers");
const Routers = routers.default ?? routers;

const equal = (one, other) => String(one).toLowerCase() === String(other).toLowerCase();

function declare(resource, unique) {
  const stored = new Map();
  SCIMMY.Resources.declare(resource)
    .ingress(({ id }, instance) => {
      const [key, now] = [id ?? randomUUID(), new Date().toISOString()];
      if (id && !stored.has(id)) throw new SCIMMY.Types.Error(404, null, `Resource ${id} not found`);
      for (const [other, item] of stored) {
        if (other !== key && equal(item[unique], instance[unique])) throw new SCIMMY.Types.Error(409, "uniqueness", "exists");
      }
      const created = stored.get(key)?.meta.created ?? now;
      stored.set(key, { ...JSON.parse(JSON.stringify(instance)), id: key, meta: { created, lastModified: now } });
      return stored.get(key);
    })
    .egress(({ id, filter }) => {
      if (id && !stored.has(id)) throw new SCIMMY.Types.Error(404, null, `Resource ${id} not found`);
      if (id) return stored.get(id);
      return filter ? filter.match([...stored.values()]) : [...stored.values()];
    })
    .degress(({ id }) => {
      if (!stored.delete(id)) throw new SCIMMY.Types.Error(404, null, `Resource ${id} not found`);
    });
}

declare(SCIMMY.Resources.User, "userName");
declare(SCIMMY.Resources.Group, "displayName");
SCIMMY.Resources.User.extend(SCIMMY.Schemas.EnterpriseUser);

const handler = (request) => {
  if (request.header("Authorization") !== `Bearer ${process.argv[2]}`) throw new Error("The token is wrong");
  return "client";
};
const app = here("express")();
app.use("/scim", new Routers({ type: "bearer", handler }));
const server = app.listen(0, "127.0.0.1", () => console.log(server.address().port));
