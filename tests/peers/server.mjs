// A certified OpenID provider with two pages of its own: who are you, and do you agree.
// What it serves comes as JSON in the environment: CLIENT, as the library describes one, and PEOPLE,
// the claims of everybody by subject. Its first line of output is its issuer.

import { generateKeyPairSync, randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import Provider from "oidc-provider";

const client = JSON.parse(process.env.CLIENT);
const people = JSON.parse(process.env.PEOPLE);
const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });

const configuration = {
  clients: [client],
  jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), alg: "RS256", use: "sig", kid: "1" }] },
  cookies: { keys: [randomBytes(32).toString("hex")] },
  claims: {
    email: ["email", "email_verified"],
    profile: ["name", "given_name", "family_name", "preferred_username"],
  },
  features: { devInteractions: { enabled: false } },
  interactions: { url: (context, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (context, id) =>
    people[id] && { accountId: id, claims: () => ({ sub: id, ...people[id] }) },
};

async function interact(request, response) {
  const details = await provider.interactionDetails(request, response);
  if (request.method === "GET") {
    response.setHeader("Content-Type", "text/html; charset=utf-8");
    response.end(page(details.prompt.name, details.params.client_id));
    return;
  }
  const form = new URLSearchParams(await text(request));
  const result = await decide(form, details);
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: true });
}

async function decide(form, { prompt, params, session, grantId }) {
  if (form.get("act") === "cancel") {
    // No site shows a sentence that comes from outside.
    return { error: "access_denied", error_description: "Call 0900-SCAM to log in" };
  }
  if (prompt.name === "login") {
    return { login: { accountId: form.get("name") } };
  }
  const known = grantId && (await provider.Grant.find(grantId));
  const whose = { accountId: session?.accountId, clientId: params.client_id };
  const grant = known || new provider.Grant(whose);
  grant.addOIDCScope((prompt.details.missingOIDCScope ?? []).join(" "));
  grant.addOIDCClaims(prompt.details.missingOIDCClaims ?? []);
  return { consent: { grantId: await grant.save() } };
}

function page(prompt, site) {
  const [heading, field] =
    prompt === "login"
      ? ["Who are you?", '<label>Name <input name="name"></label>']
      : [`May ${site} know who you are?`, ""];
  return `<!doctype html><html lang="en"><title>${heading}</title><link rel="icon" href="data:,">
    <h1>${heading}</h1><form method="post">${field}
    <button name="act" value="continue">Continue</button>
    <button name="act" value="cancel">Cancel</button></form></html>`;
}

// Whoever has started this holds the other end.
process.stdin.resume().on("end", () => process.exit());

let provider;
const server = createServer((request, response) => {
  if (!request.url.startsWith("/interaction/")) {
    provider.callback()(request, response);
    return;
  }
  interact(request, response).catch((error) => {
    console.error(error);
    response.statusCode = 400;
    response.end("No such interaction.");
  });
});
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  provider = new Provider(issuer, configuration);
  console.log(issuer);
});
